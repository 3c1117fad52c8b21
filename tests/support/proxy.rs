//! Reverse proxies as people run them: Debian's Caddy and nginx, each with two names on one port of 127.0.0.1, told
//! apart by SNI, before a node that speaks websockets at `/_et/`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::tls_server::Identity;

/// The name of the site with the tunnel, and of the site beside it.
pub const TUNNEL: &str = "vpn.test";
pub const BESIDE: &str = "www.test";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Caddy,
    Nginx,
}

/// A running proxy.
pub struct Proxy {
    child: Child,
    pub address: SocketAddr,
    home: tempfile::TempDir,
}

impl Proxy {
    /// `None` where it is not installed, which is said loudly, and is a failure in CI.
    pub async fn start(kind: Kind, node: SocketAddr) -> Option<Self> {
        let program = match kind {
            Kind::Caddy => "/usr/bin/caddy",
            Kind::Nginx => "/usr/sbin/nginx",
        };
        if !Path::new(program).exists() {
            skipped(&format!("no {program} to test with"));
            return None;
        }
        let home = tempfile::tempdir().expect("a directory");
        let address = free_address();
        for name in [TUNNEL, BESIDE, "default.test"] {
            let identity = Identity::new(name);
            let write = |end: &str, text: &str| {
                std::fs::write(home.path().join(format!("{name}.{end}")), text).expect("written");
            };
            write("pem", &identity.pem);
            write("key", &identity.key_pem());
        }
        let config = match kind {
            Kind::Caddy => caddyfile(home.path(), address, node),
            Kind::Nginx => nginx_conf(home.path(), address, node),
        };
        let file = home.path().join("config");
        std::fs::write(&file, config).expect("written");
        let log = std::fs::File::create(home.path().join("log")).expect("a log");
        let mut command = Command::new(program);
        match kind {
            Kind::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&file),
            Kind::Nginx => command.arg("-p").arg(home.path()).arg("-c").arg(&file),
        };
        let child = command
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a proxy");
        let this = Self {
            child,
            address,
            home,
        };
        this.listens().await;
        Some(this)
    }

    /// The certificate of one of its sites.
    pub fn certificate(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(format!("{name}.pem"))
    }

    async fn listens(&self) {
        let up = async {
            while tokio::net::TcpStream::connect(self.address).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(30), up)
            .await
            .is_err()
        {
            let log = std::fs::read_to_string(self.home.path().join("log"));
            panic!("the proxy does not listen: {log:?}");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says loudly that something is not tested.
pub fn skipped(words: &str) {
    let words = format!("{words}: run tests/run --setup-only");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
    // Not eprintln!, which a passing test swallows.
    let _ = writeln!(std::io::stderr(), "\n  *** SKIPPED: {words}\n");
}

/// An address that nothing listens on.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn caddyfile(home: &Path, address: SocketAddr, node: SocketAddr) -> String {
    let (home, port) = (home.display(), address.port());
    format!(
        r#"
{{
    admin off
    auto_https off
    storage file_system {home}/storage
}}
https://{TUNNEL}:{port} {{
    bind 127.0.0.1
    tls {home}/{TUNNEL}.pem {home}/{TUNNEL}.key
    handle /_et/* {{
        reverse_proxy {node}
    }}
    handle /only-upgrades/* {{
        @upgrade header Upgrade websocket
        handle @upgrade {{
            reverse_proxy {node}
        }}
        handle {{
            respond 404
        }}
    }}
    handle /page {{
        respond "a page" 200
    }}
    handle {{
        respond 404
    }}
}}
https://{BESIDE}:{port} {{
    bind 127.0.0.1
    tls {home}/{BESIDE}.pem {home}/{BESIDE}.key
    respond 421
}}
"#
    )
}

fn nginx_conf(home: &Path, address: SocketAddr, node: SocketAddr) -> String {
    let home = home.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {home}/{name};\n"))
        .concat();
    format!(
        r#"
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log {home}/log;
events {{}}
http {{
    access_log off;
{temporary}
    map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
    server {{
        listen {address} ssl;
        server_name {TUNNEL};
        ssl_certificate {home}/{TUNNEL}.pem;
        ssl_certificate_key {home}/{TUNNEL}.key;
        location /_et/ {{
            proxy_pass http://{node};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
        location /without-upgrade/ {{ proxy_pass http://{node}; }}
        location = /page {{ return 200 "a page"; }}
        location / {{ return 404; }}
    }}
    server {{
        listen {address} ssl;
        server_name {BESIDE};
        ssl_certificate {home}/{BESIDE}.pem;
        ssl_certificate_key {home}/{BESIDE}.key;
        return 421;
    }}
    server {{
        listen {address} ssl default_server;
        server_name refused.test;
        ssl_reject_handshake on;
    }}
    server {{
        listen {address} ssl;
        server_name default.test;
        ssl_certificate {home}/default.test.pem;
        ssl_certificate_key {home}/default.test.key;
        return 404;
    }}
}}
"#
    )
}
