//! Asks the hosts that playbooks name, for lint: docs for their pages, servers for their tools.
//!
//! **Invariant:** what is stored of a doc is neither used nor changed, and each address is asked
//! once, however many playbooks name it.

mod anchors;
mod server;
mod tools;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::lint::answers::{self, Answers, Lost, Page, Silent};
use crate::playbook::Playbook;
use crate::redact::Redactor;
use crate::reference::twin::{beside, is_html};
use crate::reference::{Dial, FetchError, HttpFetch, Looked, address, markdown};

pub use tools::{Connections, ServerTool, Way, connect, granted};

/// Addresses that are asked at once.
const SIDE_BY_SIDE: usize = 8;

/// How long a host has for one address.
const LIMIT: Duration = Duration::from_secs(20);

/// The way to hosts.
#[derive(Debug)]
pub struct Hosts {
    fetch: HttpFetch,
    open: Dial,
    local: Dial,
    limit: Duration,
}

impl Default for Hosts {
    fn default() -> Self {
        Self::new()
    }
}

impl Hosts {
    /// Makes the way to public hosts, and for servers of tools to this machine where a playbook
    /// names it.
    pub fn new() -> Self {
        Hosts {
            fetch: HttpFetch::new().timeout(LIMIT),
            open: Dial::default(),
            local: Dial::default().allow_loopback(),
            limit: LIMIT,
        }
    }

    /// Lets one server of this machine answer for every host: for tests.
    #[must_use]
    pub fn stand_in(self, server: SocketAddr) -> Self {
        let (fetch, open) = (self.fetch.stand_in(server), self.open.stand_in(server));
        Hosts { fetch, open, ..self }
    }

    /// Changes how long a host has for one address.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        Hosts { fetch: self.fetch.timeout(limit), limit, ..self }
    }
}

/// What came of one address.
enum Answer {
    Page(String, Result<Page, Lost>, Learned),
    Server(String, Result<Vec<String>, Silent>),
}

/// What was learned of other addresses on the way: where a page has moved to, or is markdown. So a
/// repaired playbook need not ask again.
type Learned = Vec<(String, Page)>;

/// Asks for every doc and every granted server of playbooks, some at a time.
pub async fn ask(playbooks: &[&Playbook], hosts: &Hosts) -> Answers {
    let docs: BTreeSet<String> = playbooks
        .iter()
        .flat_map(|playbook| {
            let docs = answers::docs(playbook);
            docs.filter_map(|(_, url)| Some(answers::address(playbook, url).ok()?.page))
        })
        .collect();
    let servers: BTreeSet<&str> =
        playbooks.iter().flat_map(|playbook| answers::servers(playbook)).collect();
    let pages = docs.iter().map(|url| Question::Page(url));
    let questions = pages.chain(servers.into_iter().map(Question::Server));
    let asked = stream::iter(questions.map(|question| question.ask(hosts)));
    let came: Vec<Answer> = asked.buffer_unordered(SIDE_BY_SIDE).collect().await;
    let mut all = Answers::default();
    let mut own = Vec::new();
    for answer in came {
        match answer {
            Answer::Page(url, page, learned) => {
                all.pages.extend(learned.into_iter().map(|(url, page)| (url, Ok(page))));
                own.push((url, page));
            }
            Answer::Server(url, tools) => {
                all.servers.insert(url, tools);
            }
        }
    }
    // What an address says of itself counts more than what was learned of it by another.
    all.pages.extend(own);
    all
}

/// Returns the docs of a playbook that nobody can ask for, and why: their addresses want to know
/// what is known only when it is played.
pub fn left_out(playbook: &Playbook) -> Vec<(String, String)> {
    let docs = answers::docs(playbook);
    docs.filter_map(|(doc, url)| {
        Some((doc.name.value.clone(), answers::address(playbook, url).err()?))
    })
    .collect()
}

/// One address.
enum Question<'a> {
    Page(&'a str),
    Server(&'a str),
}

impl Question<'_> {
    async fn ask(self, hosts: &Hosts) -> Answer {
        match self {
            Question::Page(url) => {
                let mut learned = Learned::new();
                let page = page(url, hosts, &mut learned).await;
                Answer::Page(url.to_owned(), page, learned)
            }
            Question::Server(url) => {
                let tools = match address::read_server(url) {
                    Ok(read) => {
                        let dial =
                            if address::is_local(&read) { &hosts.local } else { &hosts.open };
                        server::tools(&read, dial, hosts.limit).await
                    }
                    Err(reason) => Err(Silent::Unreached(reason)),
                };
                Answer::Server(url.to_owned(), tools)
            }
        }
    }
}

async fn page(url: &str, hosts: &Hosts, learned: &mut Learned) -> Result<Page, Lost> {
    // Nothing of a project is in a playbook's address: what is a key by its form is masked.
    let redactor = Redactor::default();
    let looked = hosts.fetch.look(&redactor.clean(url)).await.map_err(lost)?;
    let mut page = read(&looked).await?;
    let at = &looked.page.url;
    if is_html(&looked.page)
        && let Some(beside) = beside(at)
        && let Ok(twin) = hosts.fetch.look(&redactor.clean(&beside)).await
        && !is_html(&twin.page)
        && let Ok(found) = read(&twin).await
    {
        page.markdown = Some(twin.page.url.clone());
        learned.push((twin.page.url, found));
    }
    if looked.moved && at != url {
        learned.push((at.clone(), page.clone()));
        page.moved = Some(at.clone());
    }
    Ok(page)
}

async fn read(looked: &Looked) -> Result<Page, Lost> {
    let text = markdown(&looked.page).await.map_err(Lost::Unreadable)?;
    Ok(Page { anchors: anchors::of(&looked.page, &text), ..Page::default() })
}

fn lost(error: FetchError) -> Lost {
    if error.unreadable { Lost::Unreadable(error.reason) } else { Lost::Unreached(error.reason) }
}
