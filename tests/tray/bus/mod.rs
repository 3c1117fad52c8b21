//! The tray over the bus, without pixels: what a panel would read, click and hear.

mod actions;
mod calm;
mod hosts;
mod large;
mod sandbox;
