//! The stand-in's own configuration directory, in which syncwatch's ordinary discovery finds all it needs.
//!
//! This module never touches a directory other than the one it was given.

use std::fs;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use super::StandinError;
use super::certificate::replace;
use super::folders::World;

const KEY_LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyzACDEFGH";
const KEY_LENGTH: usize = 32;

/// A directory with `config.xml`, `https-cert.pem` and `https-key.pem`, named as Syncthing names them (lib/locations).
#[derive(Debug)]
pub struct Home {
    directory: PathBuf,
    // Held to be removed on drop when nobody named a directory.
    _temporary: Option<TempDir>,
}

impl Home {
    /// Uses `directory`, created when missing; without one a temporary directory that goes away with the stand-in.
    pub fn open(directory: Option<PathBuf>) -> Result<Self, StandinError> {
        let failed = |path: &Path, source| StandinError::File {
            doing: "create",
            path: path.to_owned(),
            source,
        };
        match directory {
            Some(directory) => {
                fs::create_dir_all(&directory).map_err(|source| failed(&directory, source))?;
                Ok(Self {
                    directory,
                    _temporary: None,
                })
            }
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("syncthing-standin-")
                    .tempdir()
                    .map_err(|source| failed(&std::env::temp_dir(), source))?;
                Ok(Self {
                    directory: temporary.path().to_owned(),
                    _temporary: Some(temporary),
                })
            }
        }
    }

    /// The directory: what `home = ...` in syncwatch's config, or Syncthing's `--home`, names.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// `<home>/config.xml`.
    pub fn config_path(&self) -> PathBuf {
        self.directory.join("config.xml")
    }

    /// `<home>/https-cert.pem`.
    pub fn certificate_path(&self) -> PathBuf {
        self.directory.join("https-cert.pem")
    }

    /// `<home>/https-key.pem`.
    pub fn key_path(&self) -> PathBuf {
        self.directory.join("https-key.pem")
    }

    /// Writes `config.xml` by rename, as Syncthing does (lib/osutil/atomic.go).
    pub(super) fn write_config(
        &self,
        address: &str,
        key: &SecretString,
        world: &World,
    ) -> Result<(), StandinError> {
        let path = self.config_path();
        let text = config_xml(address, key.expose_secret(), world);
        replace(&path, text.as_bytes(), true).map_err(|source| StandinError::File {
            doing: "write",
            path,
            source,
        })
    }
}

/// A random API key in Syncthing's length.
pub(super) fn random_key() -> Result<SecretString, StandinError> {
    let mut bytes = [0_u8; KEY_LENGTH];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StandinError::Random)?;
    let text: String = bytes
        .iter()
        .filter_map(|byte| KEY_LETTERS.get(usize::from(byte % 32)))
        .map(|&letter| char::from(letter))
        .collect();
    Ok(SecretString::from(text))
}

fn config_xml(address: &str, key: &str, world: &World) -> String {
    let mut text = String::from("<configuration version=\"37\">\n");
    for folder in &world.folders {
        text.push_str(&format!(
            "    <folder id=\"{}\" label=\"{}\" path=\"/srv/{}\" type=\"{}\" rescanIntervalS=\"3600\" fsWatcherEnabled=\"true\">\n",
            escape(&folder.id), escape(&folder.label), escape(&folder.id), escape(&folder.kind),
        ));
        for device in &folder.devices {
            text.push_str(&format!(
                "        <device id=\"{}\" introducedBy=\"\"></device>\n",
                escape(device)
            ));
        }
        text.push_str(&format!(
            "        <paused>{}</paused>\n    </folder>\n",
            folder.paused
        ));
    }
    for device in &world.devices {
        text.push_str(&format!(
            "    <device id=\"{}\" name=\"{}\" compression=\"metadata\">\n        <address>dynamic</address>\n        <paused>{}</paused>\n    </device>\n",
            escape(&device.id), escape(&device.name), device.paused,
        ));
    }
    text.push_str(&format!(
        "    <gui enabled=\"true\" tls=\"true\" debugging=\"false\">\n        <address>{}</address>\n        <apikey>{}</apikey>\n        <theme>default</theme>\n    </gui>\n    <options>\n        <listenAddress>default</listenAddress>\n    </options>\n</configuration>\n",
        escape(address), escape(key),
    ));
    text
}

fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_holds_address_and_key_and_escapes_what_it_must() {
        let home = Home::open(None).unwrap();
        let mut world = World::demo(1);
        world.folders[0].label = "A & <B>".to_owned();
        home.write_config("127.0.0.1:1", &SecretString::from("s3cret"), &world)
            .unwrap();
        let text = fs::read_to_string(home.config_path()).unwrap();
        assert!(text.contains("<address>127.0.0.1:1</address>"));
        assert!(text.contains("<apikey>s3cret</apikey>"));
        assert!(text.contains("label=\"A &amp; &lt;B&gt;\""));
    }

    #[test]
    fn a_temporary_home_goes_away_and_a_named_one_stays() {
        let temporary = Home::open(None).unwrap();
        let path = temporary.path().to_owned();
        drop(temporary);
        assert!(!path.exists());
        let parent = tempfile::tempdir().unwrap();
        let named = parent.path().join("a/b");
        drop(Home::open(Some(named.clone())).unwrap());
        assert!(named.is_dir());
    }

    #[test]
    fn keys_are_random_and_long_enough() {
        let (one, other) = (random_key().unwrap(), random_key().unwrap());
        assert_eq!(one.expose_secret().len(), KEY_LENGTH);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
