//! Hosts: as they are granted, and as a program asks for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

/// The port of a host that is granted by its name alone.
const HTTPS: u16 = 443;

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(https?)://(?:[^/\s"'@]*@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?"#)
        .ok()
});

/// A host that a command may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host {
    /// Its name, in lower case and without a dot at its end; or an address, where it is the
    /// person's own.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Whether the person's own settings name it: only then may it be an address, or stand in
    /// the person's own network.
    pub own: bool,
}

impl Host {
    /// Reads a host that a playbook or a package manager's data names: `host` or `host:port`.
    pub fn granted(text: &str) -> Option<Host> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()?),
            None => (text, HTTPS),
        };
        Some(Host { name: name_of(name)?, port, own: false })
    }

    /// Finds the hosts of all addresses in the person's own settings.
    pub fn own(text: &str) -> Vec<Host> {
        let Some(address) = &*ADDRESS else { return Vec::new() };
        let hosts = address.captures_iter(text).filter_map(|found| {
            let plain = found[1].eq_ignore_ascii_case("http");
            let port = match found.get(3) {
                Some(port) => port.as_str().parse().ok()?,
                None if plain => 80,
                None => HTTPS,
            };
            let name = found[2].to_lowercase();
            let name = name.trim_matches(['[', ']']);
            let name =
                name.parse().map_or_else(|_| name_of(name), |ip: IpAddr| Some(ip.to_string()));
            Some(Host { name: name?, port, own: true })
        });
        hosts.collect()
    }
}

/// Returns the name of a host as it is compared, or nothing where it is none: an address in any
/// spelling, or a text with anything but letters, digits, `-`, `_` and dots.
pub(super) fn name_of(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let labels: Vec<&str> = text.split('.').collect();
    // What ends in a number is an address to some programs: `0x7f.1`, `2130706433`, `127.1`.
    let last = labels.last()?;
    let number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (text.len() <= 253 && labels.iter().all(|label| fits(label)) && !number).then_some(text)
}

/// Whether an address is in no private, local or reserved network.
///
/// Addresses that are set aside for documents pass: no service of a private network stands there.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && address.octets()[2] == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Mapped, translated and tunnelled addresses lead where the one in them leads.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        [0x2002, high, low, ..] => embedded(high, low),
        // What is left of the public space is `2000::/3`, less the tunnels of `2001::/32`.
        [0x2001, 0, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_with_a_port() {
        let granted = |text| Host::granted(text).map(|host| (host.name, host.port));
        assert_eq!(granted("Registry.Example.COM."), Some(("registry.example.com".into(), 443)));
        assert_eq!(granted("a.example:8443"), Some(("a.example".into(), 8443)));
        let none = [
            "",
            ".",
            "a..b",
            "*.example",
            "a b",
            "a\0.example",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0x1",
            "[::1]",
            "::1",
            "a.example/x",
            "u@a.example",
            "a%2eexample",
            "-a.example",
            "a.example:99999",
            "ａ.example",
        ];
        for text in none {
            assert_eq!(granted(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_persons_settings_name_hosts_by_their_addresses() {
        let text = "registry=https://User:pw@npm.corp.example/api/\n@a:registry=http://10.0.0.7:4873/\n\
                    index-url = http://[fd00::1]:3141/root\n; plain words";
        let found: Vec<String> =
            Host::own(text).iter().map(|host| format!("{} {}", host.name, host.port)).collect();
        assert_eq!(found, ["npm.corp.example 443", "10.0.0.7 4873", "fd00::1 3141"]);
    }

    #[test]
    fn private_space_is_told_in_every_spelling() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "203.0.113.80", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
