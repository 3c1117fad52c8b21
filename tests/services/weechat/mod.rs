//! A real WeeChat 4.6 without a screen: what waits to be read, how it goes and comes back, and who may log in.

#![cfg(target_os = "linux")]

mod ends;
mod logins;
mod unread;
