//! Which addresses docs may come from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// The longest path and query of an address, and the longest query, in bytes.
const MAX_PATH: usize = 1_024;
const MAX_QUERY: usize = 512;

/// Reads an address, or says why nothing is fetched from there. `loopback` lets this machine in,
/// also by `http` and on any port.
pub(super) fn read(text: &str, loopback: bool) -> Result<Url, String> {
    let url = judged(text, loopback)?;
    if loopback && is_local(&url) {
        return Ok(url);
    }
    if let Some(port) = url.port() {
        return Err(format!("it names the port {port}; docs are fetched from 443"));
    }
    let query = url.query().unwrap_or_default().len();
    if url.path().len() + query > MAX_PATH || query > MAX_QUERY {
        return Err(format!(
            "it is too long; a path has at most {MAX_PATH} bytes and a query {MAX_QUERY}"
        ));
    }
    Ok(url)
}

/// Reads the address of a server of tools, on any port and on this machine too, or says why it is
/// not asked.
pub(crate) fn read_server(text: &str) -> Result<Url, String> {
    judged(text, true)
}

/// Whether an address is on this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    is_loopback(url.host_str().unwrap_or_default())
}

/// Holds an address to https and to a host that has a name and no user. This machine, where it is
/// let in, may be a number and speak plain http.
fn judged(text: &str, loopback: bool) -> Result<Url, String> {
    let named = authority(text)?;
    let url = Url::parse(text).map_err(|error| format!("it is not an address: {error}"))?;
    let own = loopback && is_local(&url);
    if url.scheme() != "https" && !(own && url.scheme() == "http") {
        return Err(format!("it begins with `{}:`; only `https:` is fetched", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a name or a password; hosts are asked without".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if !own && literal(host).is_some() {
        return Err(format!("`{host}` is a number; write the host's name"));
    }
    if !own && !named.eq_ignore_ascii_case(host) {
        return Err(format!("it can be read as `{host}` and as another host; write it plainly"));
    }
    if host.ends_with('.') {
        return Err(format!("`{host}` ends with a dot; leave it out"));
    }
    Ok(url)
}

/// Returns the host of an address as it is written. What parsers read differently is refused:
/// white space and control characters, which some leave out; `\`, which some take for `/`; and in
/// the host all but plain letters.
fn authority(text: &str) -> Result<&str, String> {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\';
    if let Some(odd) = text.chars().find(|letter| odd(*letter)) {
        return Err(format!("it holds the character `{}`", odd.escape_default()));
    }
    let (_, rest) = text.split_once("://").ok_or("it is not an address: it has no `://`")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err("it holds a name or a password; hosts are asked without".to_owned());
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    if let Some(odd) = host.chars().find(|letter| !plain(*letter)) {
        return Err(format!("its host holds the character `{}`", odd.escape_default()));
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => Ok(name),
        _ => Ok(host),
    }
}

/// Reads an address that docs may come from, and whose host is one of those that are listed, label
/// by label. Returns the host.
pub fn listed(text: &str, hosts: &[&str]) -> Result<String, String> {
    let url = read(text, false)?;
    let host = url.host_str().unwrap_or_default();
    if hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host)) {
        return Ok(host.to_owned());
    }
    Err(format!("`{host}` is not among the hosts that the playbook names"))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || literal(host).is_some_and(|address| address.is_loopback())
}

/// Reads a host that is an IP address; the parser of addresses has settled every spelling.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an IP address belongs to the open internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let reserved = match (first, second, third) {
        (0 | 240..=255, ..)
        // Shared by carriers, protocol assignments, relays of 6to4, benchmarks.
        | (100, 64..=127, _)
        | (192, 0, 0)
        | (192, 88, 99)
        | (198, 18..=19, _) => true,
        _ => false,
    };
    !(reserved
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

/// Only global unicast is public, without what stands for IPv4 addresses, protocol assignments
/// and documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let unicast = (0x2000..0x4000).contains(&first);
    let assigned = first == 0x2001 && (second < 0x200 || second == 0xdb8);
    unicast && !assigned && first != 0x2002 && first != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_compared_label_by_label_and_read_in_one_way_only() {
        let hosts = ["docs.example.com"];
        assert!(listed("https://docs.example.com/a", &hosts).is_ok());
        assert!(listed("https://DOCS.example.com:443/a", &hosts).is_ok());
        let refused = [
            "https://docs.example.com.evil.example/",
            "https://evil.example/docs.example.com",
            "https://evil.example?docs.example.com",
            "https://evil.example#@docs.example.com",
            "https://evil.example\u{0}.docs.example.com/",
            "https://evil.example\\.docs.example.com/",
            "https://docs.example.com\\@evil.example/",
            "https://docs.example.com@evil.example/",
            "https://@docs.example.com/",
            "https://docs.example.com./",
            "https://do\tcs.example.com/",
            " https://docs.example.com/",
            "https://%64ocs.example.com/",
            "https://docs\u{3002}example.com/",
            "https://d\u{43e}cs.example.com/",
            "https:docs.example.com/",
            "https:///docs.example.com/",
            "https://docs.example.com:80/",
            "https://xdocs.example.com/",
            "https://example.com/",
        ];
        for url in refused {
            assert!(listed(url, &hosts).is_err(), "{url:?}");
        }
    }

    #[test]
    fn only_named_https_hosts_are_fetched_from() {
        assert!(read("https://docs.example.com/a.md?x=1", false).is_ok());
        let long = format!("https://docs.example.com/?{}", "x".repeat(600));
        let refused = [
            "http://docs.example.com/",
            "ftp://docs.example.com/",
            "file:///etc/hosts",
            "https://name:word@docs.example.com/",
            "https://docs.example.com:8443/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://1.1.1.1/",
            "docs/a.md",
            long.as_str(),
        ];
        for url in refused {
            assert!(read(url, false).is_err(), "{url}");
        }
    }

    #[test]
    fn loopback_is_let_in_only_when_asked() {
        for url in ["http://127.0.0.1:8080/a", "http://localhost:1/", "http://[::1]:1/"] {
            assert!(read(url, true).is_ok(), "{url}");
            assert!(read(url, false).is_err(), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://docs.example.com/", "https://192.168.0.1/"] {
            assert!(read(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn a_server_of_tools_may_have_a_port_and_be_on_this_machine() {
        for url in [
            "https://mcp.example.com:8443/mcp",
            "http://localhost:3000/mcp",
            "http://127.0.0.1:3000/mcp",
        ] {
            assert!(read_server(url).is_ok(), "{url}");
        }
        for url in ["http://mcp.example.com/mcp", "https://10.0.0.1/mcp", "https://a@b.example/"] {
            assert!(read_server(url).is_err(), "{url}");
        }
    }

    #[test]
    fn addresses_that_lead_inside_are_not_public() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:808:808::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
