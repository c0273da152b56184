//! What hosts answered, where they were asked: facts for the rules that look beyond the files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::expression::Template;
use crate::lint::{DOUBT, Known, Rule, Subject};
use crate::playbook::{Doc, DocPlace, Grant, Playbook};
use crate::source::Span;

/// The rules that have nothing to say where no host was asked.
const BEYOND: [&str; 7] = [
    "html-doc",
    "missing-anchor",
    "missing-server-tool",
    "moved-doc",
    "unreachable-doc",
    "unreachable-server",
    "unreadable-doc",
];

/// What hosts answered.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Docs, by address without what stands behind `#`.
    pub pages: BTreeMap<String, Result<Page, Lost>>,
    /// Servers of tools, by address: the names of their tools.
    pub servers: BTreeMap<String, Result<Vec<String>, Silent>>,
}

/// A doc, as its host answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Where it is now, when its host says that it has moved for good.
    pub moved: Option<String>,
    /// Where the host has it as markdown, when it is a web page.
    pub markdown: Option<String>,
    /// What may stand behind `#` in its address.
    pub anchors: Vec<String>,
}

/// Why a doc is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Its host was not asked, did not answer, or refuses.
    Unreached(String),
    /// Its host answers, and not with a text.
    Unreadable(String),
}

/// Why a server did not list its tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silent {
    /// It wants credentials.
    Locked(String),
    /// It did not answer, or not as a server of tools does.
    Unreached(String),
}

/// Where a doc is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address, without what stands behind `#`.
    pub page: String,
    /// What stands there.
    pub anchor: Option<String>,
}

/// A doc whose host was asked.
pub(super) struct Asked<'a> {
    pub(super) doc: &'a Doc,
    pub(super) url: &'a Template,
    pub(super) address: Address,
    pub(super) answer: &'a Result<Page, Lost>,
}

/// Returns the docs of a playbook that have an address, those of its stages after those of all.
pub fn docs(playbook: &Playbook) -> impl Iterator<Item = (&Doc, &Template)> {
    let docs = playbook.docs.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.docs));
    docs.filter_map(|doc| match &doc.place {
        DocPlace::Url(url) => Some((doc, url)),
        DocPlace::File(_) => None,
    })
}

/// Returns where a doc is when every input has its default, or why nobody knows.
pub fn address(playbook: &Playbook, url: &Template) -> Result<Address, String> {
    let defaults = playbook.inputs.iter();
    let defaults: Map<String, Value> = defaults
        .filter_map(|input| Some((input.name.value.clone(), input.default.clone()?)))
        .collect();
    let text = url.render_text(&json!({ "inputs": defaults }));
    let text = text.map_err(|error| error.message)?;
    let (page, anchor) = text.split_once('#').unwrap_or((&text, ""));
    let anchor = Some(anchor).filter(|anchor| !anchor.is_empty()).map(str::to_owned);
    Ok(Address { page: page.to_owned(), anchor })
}

/// Returns the addresses of the servers of which a playbook grants tools, each once.
pub fn servers(playbook: &Playbook) -> Vec<&str> {
    let granted = |name: &str| {
        let grants =
            playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools));
        grants
            .map(|grant| &grant.value)
            .any(|grant| matches!(grant, Grant::Mcp { server, .. } if server == name))
    };
    let granted = playbook.mcp.iter().filter(|server| granted(&server.name));
    granted.map(|server| server.url.value.as_str()).collect()
}

/// Whether a rule had what it looks at.
pub(super) fn could_look(rule: &Rule, known: &Known) -> bool {
    if rule.name == DOUBT {
        return known.doubts.is_some();
    }
    known.answers.is_some() || !BEYOND.contains(&rule.name)
}

/// Returns the docs whose hosts were asked.
pub(super) fn asked<'a>(subject: &Subject<'a>) -> impl Iterator<Item = Asked<'a>> {
    let (playbook, known) = (subject.playbook, subject.known);
    known.answers.as_deref().into_iter().flat_map(move |answers| {
        docs(playbook).filter_map(move |(doc, url)| {
            let address = address(playbook, url).ok()?;
            let answer = answers.pages.get(&address.page)?;
            Some(Asked { doc, url, address, answer })
        })
    })
}

/// Returns the place of an address inside its value, where it stands there letter by letter.
pub(super) fn verbatim(subject: &Subject<'_>, url: &Template, part: &str) -> Option<Span> {
    let start = subject.text(url.span).find(part)?;
    Some(url.span.part(start, start + part.len()))
}

/// Folds what hosts write differently in an anchor: case and marks.
pub(super) fn folded(anchor: &str) -> String {
    anchor.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Page {
    /// Whether something may stand behind `#`.
    pub(super) fn has(&self, anchor: &str) -> bool {
        let wanted = folded(anchor);
        self.anchors.iter().any(|found| folded(found) == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rules::RULES;

    #[test]
    fn the_rules_that_look_beyond_are_those_whose_pages_ask_hosts() {
        let asks = RULES.iter().filter(|rule| rule.page.contains("$ wizard lint --online"));
        assert_eq!(asks.map(|rule| rule.name).collect::<Vec<_>>(), BEYOND);
    }

    #[test]
    fn an_anchor_is_had_however_a_host_writes_it() {
        let page = Page { anchors: vec!["set-up_2".to_owned()], ..Page::default() };
        assert!(page.has("set-up_2") && page.has("SetUp2") && page.has("set-up--2"));
        assert!(!page.has("set-up"));
    }
}
