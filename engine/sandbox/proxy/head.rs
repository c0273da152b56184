//! The head of a request to a proxy.

use crate::sandbox::proxy::Upstream;

/// The most bytes of a head.
pub(super) const LONGEST: usize = 32 * 1024;

/// What a program asks of a proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The host, as it is written.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether bytes are to be passed on as they come; otherwise it is a request in plain http.
    pub(super) tunnel: bool,
    method: String,
    /// From the host on.
    target: String,
    headers: Vec<String>,
}

impl Head {
    /// Reads a head up to the empty line at its end.
    pub(super) fn parse(bytes: &[u8]) -> Option<Head> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        if !words.next()?.starts_with("HTTP/1.") || words.next().is_some() {
            return None;
        }
        let tunnel = method == "CONNECT";
        let (authority, target) = if tunnel {
            (target, "")
        } else {
            let rest = target.strip_prefix("http://").or_else(|| target.strip_prefix("HTTP://"))?;
            rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ if tunnel => return None,
            _ => (authority, 80),
        };
        let headers: Vec<String> = lines.map(str::to_owned).collect();
        // A line that goes on, or has no name, is read differently by different programs.
        let named = |line: &String| {
            line.split_once(':').is_some_and(|(name, _)| {
                !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace())
            })
        };
        let plain = !text.contains('\0') && headers.iter().all(named);
        plain.then(|| Head {
            host: host.to_owned(),
            port,
            tunnel,
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
        })
    }

    /// Writes the request as it goes on: to the host itself, or to a proxy before it. The host is
    /// the one that was judged, and the connection serves this request alone.
    pub(super) fn request(&self, upstream: Option<&Upstream>) -> Vec<u8> {
        let authority = format!("{}:{}", self.host, self.port);
        let target = if self.target.starts_with('/') {
            self.target.clone()
        } else {
            format!("/{}", self.target)
        };
        let target = match upstream {
            Some(_) => format!("http://{authority}{target}"),
            None => target,
        };
        let mut text = format!("{} {target} HTTP/1.1\r\nHost: {authority}\r\n", self.method);
        for line in &self.headers {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            let ours = ["host", "connection", "proxy-connection", "proxy-authorization"];
            if !ours.contains(&name.as_str()) {
                text.push_str(line);
                text.push_str("\r\n");
            }
        }
        if let Some(line) = upstream.and_then(Upstream::authorization) {
            text.push_str(&line);
        }
        text.push_str("Connection: close\r\n\r\n");
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_one_host() {
        let parse = |text: &str| {
            Head::parse(text.as_bytes()).map(|head| format!("{} {}", head.host, head.port))
        };
        let connect = parse("CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n");
        assert_eq!(connect.unwrap(), "a.example 443");
        assert_eq!(parse("GET http://a.example?x HTTP/1.1\r\n\r\n").unwrap(), "a.example 80");
        assert_eq!(parse("CONNECT [::1]:443 HTTP/1.1\r\n\r\n").unwrap(), "[::1] 443");
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET https://a.example/ HTTP/1.1\r\n\r\n",
            "CONNECT a.example HTTP/1.1\r\n\r\n",
            "CONNECT a.example:443 b HTTP/1.1\r\n\r\n",
            "CONNECT a.example:443\r\n\r\n",
            "CONNECT a.example:443 HTTP/1.1\r\n folded\r\n\r\n",
            "CONNECT a.example:99999 HTTP/1.1\r\n\r\n",
            "\u{5}\u{1}\u{0}\r\n\r\n",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
