//! Has everything that is waited for scanned first.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::aim::Aim;
use super::ask;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::source::{Asker, unexpected};
use crate::core::{Kind, LinkState};
use crate::engine::protocol::{Answer, Ask};

/// What was scanned since the call.
pub struct Scans {
    wanted: bool,
    /// Instances whose scan is over.
    over: BTreeSet<String>,
}

impl Scans {
    pub fn new(wanted: bool) -> Self {
        let over = BTreeSet::new();
        Self { wanted, over }
    }

    /// Scans what is connected and not scanned yet. Whether that is all.
    ///
    /// # Errors
    /// Nothing of what is waited for can scan.
    pub async fn go_on(
        &mut self,
        aim: &Aim<'_>,
        engine: &Asker,
        context: &Context,
    ) -> Result<bool, CliError> {
        if !self.wanted {
            return Ok(true);
        }
        let all = || {
            aim.instances()
                .iter()
                .filter(|it| it.kind == Kind::Syncthing)
        };
        if all().next().is_none() {
            return Err(CliError::new(
                Exit::Usage,
                "Only a Syncthing can be told to scan.",
            ));
        }
        let Some(folder) = aim.folder() else {
            return Ok(false);
        };
        let ready = all().filter(|instance| {
            instance.link.state == LinkState::Connected && !self.over.contains(&instance.name)
        });
        let scans = ready.map(|instance| async {
            let scan = Ask::Scan {
                instance: instance.name.clone(),
                folder: folder.map(str::to_owned),
            };
            (instance.name.clone(), engine.ask(scan).await)
        });
        let (mut refused, mut is_over) = (Vec::new(), Vec::new());
        for (name, answer) in join_all(scans).await {
            match answer {
                Ok(Answer::Done | Answer::Nothing) => is_over.push(name),
                Ok(other) => refused.push((name, unexpected(other))),
                // The engine ends, or restarts.
                Err(error) if error.exit() == Exit::Unreachable => {}
                Err(error) => return Err(error),
            }
        }
        if !refused.is_empty()
            && let Some((_, unread)) = ask(engine, context).await?
        {
            // Who is not there is scanned later; what cannot be scanned is said, and is waited for all the same.
            refused.retain(|(name, _)| !unread.contains(name));
            for (name, why) in refused {
                context.out.aside(&why.page());
                is_over.push(name);
            }
        }
        self.over.extend(is_over);
        Ok(all().all(|instance| self.over.contains(&instance.name)))
    }
}
