//! The conditions as NetworkManager and UPower tell them on the system bus.

use tokio::sync::mpsc;
use zbus::Connection;

use super::Conditions;
use crate::desktop::bus::{self, Bus, Reading, Unread};

const NETWORK: Source = Source {
    name: "org.freedesktop.NetworkManager",
    path: "/org/freedesktop/NetworkManager",
    property: "Metered",
};
const POWER: Source = Source {
    name: "org.freedesktop.UPower",
    path: "/org/freedesktop/UPower",
    property: "OnBattery",
};

/// [`super::follow`] on a given bus.
pub async fn follow_on(bus: &Bus, told: mpsc::UnboundedSender<Conditions>) {
    let mut known = Known {
        metered: None,
        on_battery: None,
        last: None,
        told: told.clone(),
    };
    tokio::select! {
        () = told.closed() => {}
        () = bus::follow(bus, &mut known) => {}
    }
}

/// A property of a service. Its interface has the service's name.
struct Source {
    name: &'static str,
    path: &'static str,
    property: &'static str,
}

struct Known {
    metered: Option<bool>,
    on_battery: Option<bool>,
    last: Option<Conditions>,
    told: mpsc::UnboundedSender<Conditions>,
}

impl Reading for Known {
    fn rules(&self) -> Vec<String> {
        [NETWORK, POWER]
            .iter()
            .flat_map(|source| {
                let Source { name, path, .. } = source;
                [
                    bus::owner_rule(name),
                    bus::properties_rule(name, path, name),
                ]
            })
            .collect()
    }

    /// Small desktops run UPower only once somebody asks for it. Where it cannot be started, it is done without.
    async fn begin(&mut self, connection: &Connection) {
        bus::start_service(connection, POWER.name).await;
    }

    async fn read(&mut self, connection: &Connection) -> Result<(), Unread> {
        let metered = NETWORK.read::<u32>(connection);
        let on_battery = POWER.read::<bool>(connection);
        let (metered, on_battery) = tokio::join!(metered, on_battery);
        if let Ok(metered) = metered {
            self.metered = Some(is_metered(metered));
        }
        if let Ok(on_battery) = on_battery {
            self.on_battery = Some(on_battery);
        }
        self.tell();
        match (metered, on_battery) {
            (Err(Unread::Failed), _) | (_, Err(Unread::Failed)) => Err(Unread::Failed),
            _ => Ok(()),
        }
    }
}

impl Known {
    fn tell(&mut self) {
        if self.metered.is_none() && self.on_battery.is_none() {
            return;
        }
        let now = Conditions {
            metered: self.metered.unwrap_or_default(),
            on_battery: self.on_battery.unwrap_or_default(),
        };
        if self.last.replace(now) != Some(now) {
            // When nobody listens, the whole is about to end.
            let _unheard = self.told.send(now);
        }
    }
}

impl Source {
    async fn read<T: TryFrom<zbus::zvariant::OwnedValue>>(
        &self,
        connection: &Connection,
    ) -> Result<T, Unread> {
        bus::property(connection, self.name, self.path, self.name, self.property).await
    }
}

/// NMMetered: yes, or guessed so. Unknown, as without a network, is not.
fn is_metered(value: u32) -> bool {
    matches!(value, 1 | 3)
}
