//! The way to a host: a client that dials nothing but addresses that were judged.

#![expect(clippy::disallowed_methods, reason = "this is how hosts are asked, with all bounds")]

use std::net::SocketAddr;
use std::sync::{Arc, Once, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};

use crate::reference::address;

const USER_AGENT: &str = concat!("wizard/", env!("CARGO_PKG_VERSION"));

/// Makes the process able to speak TLS. Whoever builds a client calls it first.
pub fn tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only where another provider stands already, and that one does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Reaches public hosts, without credentials, and follows no redirect by itself.
///
/// **Invariant:** a name that has any private address is refused whole, and what was judged is
/// what is dialled.
#[derive(Debug, Default)]
pub struct Dial {
    loopback: bool,
    stand_in: Option<SocketAddr>,
    client: OnceLock<Result<Client, String>>,
}

impl Dial {
    /// Lets this machine answer too.
    #[must_use]
    pub fn allow_loopback(self) -> Self {
        Dial { loopback: true, ..self }
    }

    /// Lets one server of this machine answer for every host, by plain http: for tests.
    #[must_use]
    pub fn stand_in(self, server: SocketAddr) -> Self {
        Dial { stand_in: Some(server), ..self }
    }

    /// Whether this machine may answer.
    pub(super) fn is_local(&self) -> bool {
        self.loopback
    }

    /// Returns the client, or why there is none.
    pub(crate) fn client(&self) -> Result<&Client, String> {
        let client = self.client.get_or_init(|| {
            tls();
            Client::builder()
                .user_agent(USER_AGENT)
                .redirect(redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names again, unjudged.
                .no_proxy()
                .dns_resolver(Arc::new(Judge { loopback: self.loopback, stand_in: self.stand_in }))
                .build()
                .map_err(|error| cause(&error))
        });
        client.as_ref().map_err(Clone::clone)
    }

    /// Returns what is asked for an address: itself, unless another server stands in.
    pub(crate) fn target(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if self.stand_in.is_some() {
            let _ = url.set_scheme("http");
        }
        url
    }
}

/// Resolves names to addresses that may be dialled.
struct Judge {
    loopback: bool,
    stand_in: Option<SocketAddr>,
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let (loopback, stand_in) = (self.loopback, self.stand_in);
        Box::pin(async move {
            if let Some(server) = stand_in {
                return Ok(Box::new(std::iter::once(server)) as Addrs);
            }
            let host = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || look_up(&host, loopback)).await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn look_up(host: &str, loopback: bool) -> Result<Vec<SocketAddr>, String> {
    let found = std::net::ToSocketAddrs::to_socket_addrs(&(host, 0))
        .map_err(|_| format!("the name `{host}` does not resolve"))?;
    let found: Vec<SocketAddr> = found.collect();
    let inside = found
        .iter()
        .map(SocketAddr::ip)
        .find(|address| !(address::is_public(*address) || (loopback && address.is_loopback())));
    match inside {
        Some(address) => Err(format!("`{host}` is at the private address {address}")),
        None => Ok(found),
    }
}

/// Says what is at the bottom of an error: what is above only says that something failed.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
