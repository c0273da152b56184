//! The proxy: the one way from a command to the network, to the hosts that it was given.

mod dial;
mod head;
mod host;
#[cfg(target_os = "linux")]
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use dial::Upstream;
pub use host::Host;

use head::Head;

/// The most connections at once.
const MOST_CONNECTIONS: usize = 256;

/// What is refused, at most so many of a command.
const MOST_REFUSALS: usize = 16;

/// A proxy that serves one command.
#[derive(Debug)]
pub struct Proxy {
    rules: Arc<Rules>,
    serving: Option<JoinHandle<()>>,
}

/// What is let through, and what was not.
#[derive(Debug)]
struct Rules {
    hosts: Vec<Host>,
    upstream: Upstream,
    refused: Mutex<BTreeSet<String>>,
}

impl Proxy {
    /// Makes a proxy to some hosts.
    pub fn new(hosts: Vec<Host>, upstream: Upstream) -> Self {
        let refused = Mutex::default();
        Proxy { rules: Arc::new(Rules { hosts, upstream, refused }), serving: None }
    }

    /// Serves what connects to a listener, until this is dropped.
    pub fn serve(&mut self, listener: TcpListener) {
        let rules = Arc::clone(&self.rules);
        self.serving = Some(tokio::spawn(async move { rules.serve(listener).await }));
    }

    /// Serves what connects to the listener that a launcher hands out over a socket at `wire`,
    /// from a network of its own.
    #[cfg(target_os = "linux")]
    pub fn serve_over(&mut self, wire: &std::path::Path) -> io::Result<()> {
        let socket = tokio::net::UnixListener::bind(wire)?;
        let rules = Arc::clone(&self.rules);
        self.serving = Some(tokio::spawn(async move {
            let taken = async {
                let (stream, _) = socket.accept().await?;
                let stream = stream.into_std()?;
                stream.set_nonblocking(false)?;
                let taken = tokio::task::spawn_blocking(move || wire::take_listener(&stream));
                let listener = taken.await.map_err(io::Error::other)??;
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener)
            };
            if let Ok(listener) = taken.await {
                rules.serve(listener).await;
            }
        }));
        Ok(())
    }

    /// Returns what a command is told of a proxy at a port of its machine.
    pub fn variables(port: u16) -> BTreeMap<String, String> {
        let address = format!("http://127.0.0.1:{port}");
        let names = include_str!("variables.txt").lines().filter(|line| !line.starts_with('#'));
        let mut variables: BTreeMap<String, String> =
            names.map(|name| (name.to_owned(), address.clone())).collect();
        variables.insert("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned());
        variables
    }

    /// Says what was asked for and refused.
    pub fn refused(&self) -> Vec<String> {
        let refused = self.rules.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().cloned().collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl Rules {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            if connections.len() < MOST_CONNECTIONS {
                let rules = Arc::clone(&self);
                connections.spawn(async move { rules.connection(stream).await });
            }
        }
    }

    /// Serves one connection: one host, until one side ends it.
    async fn connection(&self, mut client: TcpStream) {
        if let Err(reason) = self.forward(&mut client).await {
            let body = format!("{reason}\n");
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = client.write_all(answer.as_bytes()).await;
            let _ = client.shutdown().await;
        }
    }

    async fn forward(&self, client: &mut TcpStream) -> Result<(), String> {
        let (bytes, rest) = read_head(client).await.map_err(|error| error.to_string())?;
        let head = Head::parse(&bytes).ok_or("this proxy understands CONNECT and http alone")?;
        let host = self.judge(&head).inspect_err(|reason| self.note(reason))?;
        let dialled = dial::dial(&host, head.tunnel, &self.upstream).await;
        let mut dialled = dialled.inspect_err(|reason| self.note(reason))?;
        if head.tunnel {
            let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
            client.write_all(answer).await.map_err(|error| error.to_string())?;
        } else {
            let line = head.request(dialled.through_upstream.then_some(&self.upstream));
            let written = dialled.stream.write_all(&line).await;
            written.map_err(|error| error.to_string())?;
        }
        let written = dialled.stream.write_all(&rest).await;
        written.map_err(|error| error.to_string())?;
        // What ends here ends for both; nothing is left to be told.
        let _ = tokio::io::copy_bidirectional(client, &mut dialled.stream).await;
        Ok(())
    }

    /// Finds the grant for what is asked.
    fn judge(&self, head: &Head) -> Result<Host, String> {
        let asked = &head.host;
        let bare = asked.trim_matches(['[', ']']).to_ascii_lowercase();
        let name = host::name_of(asked);
        let found = self.hosts.iter().find(|host| {
            let same = name.as_ref().is_some_and(|name| *name == host.name);
            let address = host.own && bare == host.name;
            host.port == head.port && (same || address)
        });
        found.cloned().ok_or_else(|| {
            let shown: String = asked.chars().filter(|letter| !letter.is_control()).collect();
            let shown: String = shown.chars().take(100).collect();
            format!("{shown}:{} is not among the hosts that this command may reach", head.port)
        })
    }

    fn note(&self, reason: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MOST_REFUSALS {
            refused.insert(reason.to_owned());
        }
    }
}

/// Reads up to the end of a request's head: the head, and what came behind it.
async fn read_head(client: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    let mut buffer = [0; 4 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..length]);
        if let Some(at) = bytes.windows(END.len()).position(|window| window == END) {
            let rest = bytes.split_off(at + END.len());
            return Ok((bytes, rest));
        }
        if bytes.len() > head::LONGEST {
            return Err(io::Error::other("the head is too long"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a proxy for something, and returns what it answers.
    async fn ask(hosts: Vec<Host>, upstream: Upstream, request: &str) -> (String, Vec<String>) {
        let mut proxy = Proxy::new(hosts, upstream);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        proxy.serve(listener);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        (answer, proxy.refused())
    }

    /// A service that answers one request with what it was asked.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (head, rest) = read_head(&mut stream).await.unwrap();
                let text = String::from_utf8([head, rest].concat()).unwrap();
                let answer = format!("HTTP/1.1 200 OK\r\n\r\n{text}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        port
    }

    fn own(name: &str, port: u16) -> Host {
        Host { name: name.to_owned(), port, own: true }
    }

    #[tokio::test]
    async fn a_host_that_is_not_granted_is_refused_and_named() {
        let hosts = || vec![Host::granted("a.example").unwrap()];
        for target in [
            "b.example:443",
            "a.example:80",
            "a.example.evil.example:443",
            "xa.example:443",
            "127.0.0.1:443",
            "a.example\0.evil.example:443",
        ] {
            let request = format!("CONNECT {target} HTTP/1.1\r\n\r\n");
            let (answer, refused) = ask(hosts(), Upstream::default(), &request).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{target}: {answer}");
            assert!(refused.len() <= 1);
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_into_private_space_is_refused() {
        let port = echo().await;
        let request = format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\n");
        let granted = vec![Host { own: false, ..own("localhost", port) }];
        let (answer, refused) = ask(granted, Upstream::default(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(refused[0].contains("private"), "{refused:?}");
        let (answer, _) = ask(vec![own("localhost", port)], Upstream::default(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 Connection"), "{answer}");
    }

    #[tokio::test]
    async fn plain_http_reaches_the_persons_own_host_without_the_proxys_headers() {
        let port = echo().await;
        let request = format!(
            "GET http://127.0.0.1:{port}/simple/x?y=1 HTTP/1.1\r\nHost: elsewhere.example\r\n\
             Proxy-Authorization: Basic abc\r\nAccept: */*\r\n\r\n"
        );
        let (answer, _) = ask(vec![own("127.0.0.1", port)], Upstream::default(), &request).await;
        assert!(answer.contains("GET /simple/x?y=1 HTTP/1.1\r\n"), "{answer}");
        assert!(answer.contains(&format!("Host: 127.0.0.1:{port}\r\n")), "{answer}");
        assert!(!answer.contains("Basic") && answer.contains("Accept: */*"), "{answer}");
    }

    #[tokio::test]
    async fn the_persons_own_proxy_comes_next() {
        let port = echo().await;
        let upstream = Upstream::read(&BTreeMap::from([(
            "https_proxy".to_owned(),
            format!("http://user:p%40ss@127.0.0.1:{port}"),
        )]));
        let hosts = vec![Host::granted("a.example").unwrap()];
        let request = "CONNECT a.example:443 HTTP/1.1\r\n\r\n";
        let (answer, _) = ask(hosts, upstream, request).await;
        assert!(answer.contains("CONNECT a.example:443 HTTP/1.1\r\n"), "{answer}");
        assert!(answer.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), "{answer}");
    }
}
