//! A Secret Service of a world's own: a bus and GNOME Keyring, as on a desktop without the desktop.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use super::{World, until};

pub(crate) struct Keychain {
    bus: Child,
    address: String,
    daemon: Option<Child>,
}

impl Keychain {
    /// Starts it. None where its programs are not installed, which is said: `cargo xtask setup` installs them. In CI that fails the test.
    pub(crate) fn start(world: &World, unlocked: bool) -> Option<Self> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !there("dbus-daemon") || !there("gnome-keyring-daemon") {
            println!("not run: there is no dbus-daemon or no gnome-keyring-daemon; see `cargo xtask setup`");
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "not run in CI: there is no GNOME Keyring"
            );
            return None;
        }
        let mut bus = command(world, "dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = bus.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let mut keychain = Self { bus, address: address.trim().to_owned(), daemon: None };
        keychain.restart(world, unlocked);
        Some(keychain)
    }

    /// What `DBUS_SESSION_BUS_ADDRESS` is in its session.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// Starts it anew, as at the next login.
    pub(crate) fn restart(&mut self, world: &World, unlocked: bool) {
        self.stop();
        let mut daemon = command(world, "gnome-keyring-daemon");
        daemon.args(["--foreground", "--components=secrets"]).stderr(Stdio::null()).stdout(Stdio::null());
        daemon.env("DBUS_SESSION_BUS_ADDRESS", &self.address).stdin(Stdio::piped());
        if unlocked {
            daemon.arg("--unlock");
        }
        let mut daemon = daemon.spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(b"login password").unwrap();
        self.daemon = Some(daemon);
        until("the keychain is on the bus", || self.answers(world));
    }

    /// Ends it; the bus stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    fn answers(&self, world: &World) -> bool {
        let mut ask = command(world, "dbus-send");
        ask.arg(format!("--bus={}", self.address)).args(["--print-reply", "--dest=org.freedesktop.DBus"]);
        ask.args(["/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
        ask.output().is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains("boolean true"))
    }
}

impl Drop for Keychain {
    fn drop(&mut self) {
        self.stop();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

fn command(world: &World, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", world.home.path()).env("XDG_RUNTIME_DIR", world.home.path()).stdin(Stdio::null());
    command
}
