//! The config as a user meets it: files in, settings or messages out.

mod addresses;
mod centrifugo;
mod finding;
mod http;
mod keys;
mod outlets;
mod parsing;
mod pausing;
mod websocket;
mod weechat;

use std::path::Path;

use super::{Config, ConfigError, Environment, Platform, Warning, parse};

fn read(text: &str) -> Result<(Config, Vec<Warning>), ConfigError> {
    parse(text, Path::new("/etc/syncwatch.toml"))
}

/// What is wrong with a text, without the file's name.
fn wrong(text: &str) -> String {
    let error = read(text).expect_err(text).to_string();
    error.replace("/etc/syncwatch.toml:", "")
}

fn environment(home: &Path) -> Environment {
    Environment::made_up(Platform::Unix, home, &[])
}
