//! A `config.xml` that keeps Syncthing on this machine.

use std::fmt::Write;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// What a Syncthing is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// This many folders, `folder-0` and on, empty.
    pub folders: usize,
    /// This many other devices, none of which exists.
    pub devices: usize,
    /// The API key.
    pub api_key: String,
    /// The `tls` attribute of the GUI; without it, plain HTTP is answered too.
    pub tls: bool,
    /// A certificate of ours that ends in so many days; at most 30 and Syncthing renews it at once. `None`: its own.
    pub certificate_days: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folders: 0,
            devices: 0,
            api_key: "key-of-a-test".to_owned(),
            tls: true,
            certificate_days: None,
        }
    }
}

/// A port of 127.0.0.1 that is free now.
///
/// Not one that the kernel chooses (`:0`): those are handed to outgoing connections too, so while Syncthing restarts a
/// client could take its port, or even connect to itself.
pub fn free_port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let start = u16::try_from(random % 10_000).unwrap_or(0);
    (0..10_000_u16)
        .map(|step| 20_000 + (start + step) % 10_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

/// Writes `config.xml` and the folders' directories into `home`.
pub(super) fn write(home: &Path, options: &Options, gui_port: u16, sync_port: u16) {
    let devices: Vec<String> = (0..options.devices).map(invented_device).collect();
    let mut xml = String::from("<configuration version=\"36\">\n");
    for number in 0..options.folders {
        let id = format!("folder-{number}");
        let path = make_folder(home, &id);
        let _ = write!(
            xml,
            r#"<folder id="{id}" label="Folder {number}" path="{path}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="1"><minDiskFree unit="%">0</minDiskFree>"#
        );
        for device in &devices {
            let _ = write!(xml, r#"<device id="{device}"></device>"#);
        }
        xml.push_str("</folder>\n");
    }
    for (number, device) in devices.iter().enumerate() {
        let _ = writeln!(
            xml,
            r#"<device id="{device}" name="device-{number}"><address>dynamic</address></device>"#
        );
    }
    let _ = write!(
        xml,
        r#"<gui enabled="true" tls="{tls}"><address>127.0.0.1:{gui_port}</address><apikey>{key}</apikey></gui>
<options>
<listenAddress>tcp://127.0.0.1:{sync_port}</listenAddress>
<globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled>
<announceLANAddresses>false</announceLANAddresses>
<relaysEnabled>false</relaysEnabled>
<natEnabled>false</natEnabled>
<stunKeepaliveStartS>0</stunKeepaliveStartS>
<startBrowser>false</startBrowser>
<crashReportingEnabled>false</crashReportingEnabled>
<urAccepted>-1</urAccepted>
<autoUpgradeIntervalH>0</autoUpgradeIntervalH>
<minHomeDiskFree unit="%">0</minHomeDiskFree>
<reconnectionIntervalS>1</reconnectionIntervalS>
<setLowPriority>false</setLowPriority>
</options>
</configuration>
"#,
        tls = options.tls,
        key = options.api_key,
    );
    fs::write(home.join("config.xml"), xml).expect("config.xml");
}

/// Makes the directory of a folder with Syncthing's marker in it, and returns its path.
pub(super) fn make_folder(home: &Path, id: &str) -> String {
    let path = home.join("data").join(id);
    fs::create_dir_all(path.join(".stfolder")).expect("a folder");
    path.into_os_string().into_string().expect("UTF-8")
}

/// A device ID in the old style, without check digits: 32 bytes in base32.
fn invented_device(number: usize) -> String {
    let digits: String = format!("{number:06}")
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'B'))
        .collect();
    format!("{:A<52}", format!("DEVICE{digits}"))
}
