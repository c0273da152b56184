//! From what a playbook names to the references of its run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use crate::playbook::{Bundle, Doc, DocPlace, IfUnreachable, Playbook};
use crate::redact::Redactor;
use crate::reference::asked::{Address, Outcome, age, get};
use crate::reference::pieces::{headings, section_at, shortened};
use crate::reference::{
    Fetch, Fetched, How, Index, Page, Reference, ReferenceKind, Store, airplane, html,
};
use crate::source::visible;

/// The most characters of a title.
const MAX_TITLE: usize = 100;

/// Where docs come from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Asks hosts.
    pub fetch: &'a dyn Fetch,
    /// Keeps pages between runs.
    pub store: &'a Store,
    /// Whether hosts may be asked.
    pub reach: Reach,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Knows what no address may hold.
    pub redactor: &'a Redactor,
}

/// Whether hosts may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// They may.
    Online,
    /// Only stored pages are used.
    Offline,
    /// `fetch` is a cassette: it alone is asked, and the store is left alone.
    Replay,
}

/// The references of a run, and what is to be said about how they were got.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// Docs in the order of the playbook, those of stages after those of all; then airplanes.
    pub index: Index,
    /// Docs that the playbook goes on without.
    pub missing: Vec<Missing>,
    /// The pages that were used, by the address that was asked for: what a cassette records.
    pub pages: BTreeMap<String, Page>,
    /// Pages that could not be kept, and why.
    pub unsaved: Vec<String>,
}

/// A doc that the playbook goes on without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Why it is missing.
    pub reason: String,
}

/// Why a run cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// A doc that it needs is not to be had.
    #[error("the doc `{name}` cannot be had: {reason}")]
    Doc {
        /// The doc's name.
        name: String,
        /// Why, and what would do.
        reason: String,
    },
    /// An airplane is not as it should be.
    #[error("the airplane `{name}` cannot be shown: {reason}")]
    Airplane {
        /// The airplane's name.
        name: String,
        /// Why, and what would do.
        reason: String,
    },
}

/// The most addresses that a playbook has its docs from.
const MAX_ADDRESSES: usize = 40;

/// Collects the docs and airplanes of a playbook. Addresses are rendered in `scope`, and asked
/// all at once.
pub async fn gather(
    playbook: &Playbook,
    bundle: &Bundle,
    scope: &Value,
    sources: Sources<'_>,
) -> Result<Gathered, GatherError> {
    let general = playbook.docs.iter().map(|doc| (None, doc));
    let own = playbook
        .stages
        .iter()
        .flat_map(|stage| stage.docs.iter().map(|doc| (Some(stage.id.value.clone()), doc)));
    let docs: Vec<(Option<String>, &Doc)> = general.chain(own).collect();
    let mut addresses: Vec<Option<Address>> = Vec::new();
    let mut wanted: BTreeMap<String, Duration> = BTreeMap::new();
    for (_, doc) in &docs {
        let address = match &doc.place {
            DocPlace::Url(url) => {
                Some(Address::of(url, scope).map_err(|reason| fault(doc, reason))?)
            }
            DocPlace::File(_) => None,
        };
        if let Some(address) = &address {
            let age = wanted.entry(address.page.clone()).or_insert(doc.max_age);
            *age = doc.max_age.min(*age);
        }
        addresses.push(address);
    }
    if let Some((_, doc)) = docs.first().filter(|_| wanted.len() > MAX_ADDRESSES) {
        let reason = format!("the playbook has docs from more than {MAX_ADDRESSES} addresses");
        return Err(fault(doc, reason));
    }
    let mut gathered = Gathered::default();
    let asked = wanted.iter().map(|(address, max_age)| get(address, *max_age, sources));
    let mut outcomes = BTreeMap::new();
    for ((address, _), (outcome, unsaved)) in wanted.iter().zip(join_all(asked).await) {
        outcomes.insert(address.as_str(), outcome);
        gathered.unsaved.extend(unsaved);
    }
    for ((stage, doc), address) in docs.into_iter().zip(&addresses) {
        let outcome = address.as_ref().and_then(|address| outcomes.get(address.page.as_str()));
        let mut reference = match (address, outcome) {
            (Some(address), Some(outcome)) => {
                match fetched(doc, outcome, address, sources.now, &mut gathered).await? {
                    Some(reference) => reference,
                    None => continue,
                }
            }
            _ => file(doc, bundle)?,
        };
        reference.stage = stage;
        gathered.index.references.push(Arc::new(reference));
    }
    for name in &playbook.airplanes {
        let reference = airplane(bundle, name)
            .map_err(|reason| GatherError::Airplane { name: name.value.clone(), reason })?;
        gathered.index.references.push(Arc::new(reference));
    }
    Ok(gathered)
}

fn fault(doc: &Doc, reason: String) -> GatherError {
    GatherError::Doc { name: doc.name.value.clone(), reason }
}

/// Makes a reference of what became of a doc's address, or notes that it is missing.
async fn fetched(
    doc: &Doc,
    outcome: &Outcome,
    address: &Address,
    now: i64,
    gathered: &mut Gathered,
) -> Result<Option<Reference>, GatherError> {
    let (page, how, reason) = match outcome {
        Outcome::Got { page, how } => (Some(page), *how, ""),
        Outcome::Lost { reason, stored } => {
            // Another doc of this address may have asked for a younger copy than this one does.
            let young = |page: &&Page| age(page, now) < doc.max_age.as_secs();
            let how = if stored.as_ref().is_some_and(|page| young(&page)) {
                How::Stored
            } else {
                How::Stale
            };
            let usable = how == How::Stored || doc.if_unreachable == IfUnreachable::Stale;
            (stored.as_ref().filter(|_| usable), how, reason.as_str())
        }
    };
    let text = match page {
        Some(page) => markdown(page).await.map(|text| (page, text)),
        None => Err(reason.to_owned()),
    };
    let (page, text) = match (text, doc.if_unreachable) {
        (Ok(found), _) => found,
        (Err(reason), IfUnreachable::Ignore) => {
            gathered.missing.push(Missing { name: doc.name.value.clone(), reason });
            return Ok(None);
        }
        (Err(reason), IfUnreachable::Stale) => {
            let reason = format!("{reason}; no stored copy stands in for it");
            return Err(fault(doc, reason));
        }
        (Err(reason), IfUnreachable::Fail) => {
            let hint =
                "`if_unreachable: stale` would use an old copy, `ignore` would go on without";
            return Err(fault(doc, format!("{reason}; {hint}")));
        }
    };
    let name = address.page.split_once("://").map_or(address.page.as_str(), |(_, name)| name);
    let text = within(text, address);
    let mut reference = reference(doc, &text, name, ReferenceKind::Doc);
    reference.fetched = Some(Fetched { url: page.url.clone(), how, age: age(page, now) });
    gathered.pages.insert(address.page.clone(), page.clone());
    Ok(Some(reference))
}

/// Takes the section of a page that is the doc; all of it, and that it is, where there is none.
pub(super) fn within(text: String, address: &Address) -> String {
    let Some(section) = &address.section else { return text };
    match section_at(&text, section) {
        Some(found) => found.to_owned(),
        None => format!("[the page has no section `#{section}`; this is all of it]\n\n{text}"),
    }
}

/// Returns a page's text as markdown.
pub async fn markdown(page: &Page) -> Result<String, String> {
    let text = match page.media_type.as_str() {
        "text/html" | "application/xhtml+xml" => html::markdown(&page.body).await?,
        _ => page.body.clone(),
    };
    if text.trim().is_empty() {
        return Err(format!("the page `{}` has no text", page.url));
    }
    Ok(text)
}

fn file(doc: &Doc, bundle: &Bundle) -> Result<Reference, GatherError> {
    let DocPlace::File(path) = &doc.place else {
        return Err(fault(doc, "its address was not asked for".to_owned()));
    };
    let read = match bundle.named.get(&path.value) {
        Some(Ok(file)) => bundle.files.get(usize::from(file.0)),
        Some(Err(reason)) => return Err(fault(doc, format!("`{}`: {reason}", path.value))),
        None => None,
    };
    let read = read.ok_or_else(|| fault(doc, format!("`{}` was not read", path.value)))?;
    Ok(reference(doc, &read.text, &path.value, ReferenceKind::File))
}

/// Returns a text as the model gets it, and how many invisible characters were removed.
pub(super) fn settled(text: &str) -> (String, usize) {
    let (text, invisible) = visible(text);
    let mut text = text.replace("\r\n", "\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    (text, invisible)
}

fn reference(doc: &Doc, text: &str, fallback: &str, kind: ReferenceKind) -> Reference {
    let (mut text, invisible) = settled(text);
    let title = headings(&text).into_iter().find(|heading| heading.level == 1);
    let about = title.map_or_else(|| fallback.to_owned(), |heading| heading.words);
    let about: String = about.chars().take(MAX_TITLE).collect();
    if let Some(most) = doc.max_tokens {
        text = shortened(text, most);
    }
    Reference::new(&doc.name, &about, kind, text, invisible)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::BoxFuture;
    use serde_json::json;

    use super::*;
    use crate::playbook::load_text;
    use crate::reference::{FetchAnswer, FetchError};

    const HOUR: i64 = 3_600;
    const SDK: &str = "https://docs.example.com/en/sdk.md";

    /// Answers from a list, and keeps what it was asked.
    #[derive(Default)]
    struct Scripted {
        answers: BTreeMap<String, FetchAnswer>,
        asked: Mutex<Vec<(String, bool)>>,
    }

    impl Fetch for Scripted {
        fn fetch<'a>(
            &'a self,
            url: &'a crate::redact::Clean,
            stored: Option<&'a Page>,
        ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
            self.asked.lock().unwrap().push((url.to_string(), stored.is_some()));
            let lost = FetchError::new(url, "the line is dead");
            Box::pin(std::future::ready(self.answers.get(url.as_str()).cloned().ok_or(lost)))
        }
    }

    fn page(body: &str, confirmed_at: i64) -> Page {
        Page {
            url: SDK.to_owned(),
            media_type: "text/markdown".to_owned(),
            etag: None,
            last_modified: None,
            body: body.to_owned(),
            twin_of: None,
            confirmed_at,
        }
    }

    /// A run with one doc, at ten o'clock, with a copy of nine o'clock or none.
    struct Case {
        fetch: Scripted,
        store: Store,
        reach: Reach,
        _folder: tempfile::TempDir,
    }

    impl Case {
        fn new(stored: bool, answer: Option<FetchAnswer>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::new(folder.path());
            if stored {
                store.save(SDK, &page("# Old\n", 9 * HOUR)).unwrap();
            }
            let answers = answer.into_iter().map(|answer| (SDK.to_owned(), answer)).collect();
            let fetch = Scripted { answers, ..Scripted::default() };
            Case { fetch, store, reach: Reach::Online, _folder: folder }
        }

        async fn gather(&self, keys: &str) -> Result<Gathered, GatherError> {
            let url = "https://docs.example.com/${{ inputs.language }}/sdk.md";
            self.play(&format!("docs:\n  sdk: {{url: \"{url}\"{keys}}}\n")).await
        }

        async fn play(&self, yaml: &str) -> Result<Gathered, GatherError> {
            let text = format!("---\nplaybook: 1\nname: x\ndescription: d\n{yaml}---\n");
            let bundle = load_text("x.md", &text);
            let (playbook, _) = crate::playbook::parse(&bundle);
            let scope = json!({"inputs": {"language": "en", "host": "docs.example.com"}});
            let (fetch, store) = (&self.fetch, &self.store);
            let redactor = &Redactor::new(&[("env:KEY", "canary-canary")].into_iter().collect());
            let sources = Sources { fetch, store, reach: self.reach, now: 10 * HOUR, redactor };
            gather(&playbook, &bundle, &scope, sources).await
        }

        fn asked(&self) -> Vec<(String, bool)> {
            self.fetch.asked.lock().unwrap().clone()
        }
    }

    fn seen(gathered: &Gathered) -> (&str, How, u64) {
        let reference = &gathered.index.references[0];
        let fetched = reference.fetched.as_ref().unwrap();
        (&reference.text, fetched.how, fetched.age)
    }

    #[tokio::test]
    async fn a_young_copy_is_used_without_asking() {
        let case = Case::new(true, None);
        let gathered = case.gather(", max_age: 2h").await.unwrap();
        assert_eq!(seen(&gathered), ("# Old\n", How::Stored, 3_600));
        assert_eq!(gathered.index.references[0].about, "Old");
        assert_eq!(case.asked(), []);
    }

    #[tokio::test]
    async fn an_old_copy_is_confirmed_or_replaced() {
        let case = Case::new(true, Some(FetchAnswer::Unchanged));
        let gathered = case.gather(", max_age: 30m").await.unwrap();
        assert_eq!(seen(&gathered), ("# Old\n", How::Unchanged, 0));
        assert_eq!(case.asked(), [(SDK.to_owned(), true)]);
        assert_eq!(case.store.load(SDK).unwrap().confirmed_at, 10 * HOUR);

        let fresh = page("# New\n", 10 * HOUR);
        let case = Case::new(true, Some(FetchAnswer::Page(fresh.clone())));
        let gathered = case.gather(", max_age: 30m").await.unwrap();
        assert_eq!(seen(&gathered), ("# New\n", How::Fetched, 0));
        assert_eq!(case.store.load(SDK), Some(fresh.clone()));
        assert_eq!(gathered.pages, BTreeMap::from([(SDK.to_owned(), fresh)]));
    }

    #[tokio::test]
    async fn a_host_that_does_not_answer_is_met_as_the_playbook_says() {
        let case = Case::new(true, None);
        let stale = case.gather(", max_age: 30m, if_unreachable: stale").await.unwrap();
        assert_eq!(seen(&stale), ("# Old\n", How::Stale, 3_600));
        let error = case.gather(", max_age: 30m").await.unwrap_err().to_string();
        assert!(error.contains("`sdk`") && error.contains("the line is dead"), "{error}");
        let ignored = case.gather(", max_age: 30m, if_unreachable: ignore").await.unwrap();
        assert_eq!(ignored.missing[0].name, "sdk");
        assert_eq!(ignored.index.references.len(), 0);

        let case = Case::new(false, None);
        let error = case.gather(", if_unreachable: stale").await.unwrap_err().to_string();
        assert!(error.contains("no stored copy"), "{error}");
    }

    #[tokio::test]
    async fn offline_asks_nobody_and_a_replay_asks_only_the_cassette() {
        let mut case = Case::new(true, Some(FetchAnswer::Page(page("# New\n", 8 * HOUR))));
        case.reach = Reach::Offline;
        let stale = case.gather(", max_age: 30m, if_unreachable: stale").await.unwrap();
        assert_eq!(seen(&stale), ("# Old\n", How::Stale, 3_600));
        let error = case.gather(", max_age: 30m").await.unwrap_err().to_string();
        assert!(error.contains("offline"), "{error}");
        assert_eq!(case.asked(), []);

        case.reach = Reach::Replay;
        let replayed = case.gather(", max_age: 2h").await.unwrap();
        assert_eq!(seen(&replayed), ("# New\n", How::Replayed, 7_200));
        assert_eq!(case.asked(), [(SDK.to_owned(), false)]);
        assert_eq!(case.store.load(SDK).unwrap().body, "# Old\n");
    }

    #[tokio::test]
    async fn an_address_is_asked_once_and_stage_docs_are_the_stages_own() {
        let case = Case::new(false, Some(FetchAnswer::Page(page("# New\n", 10 * HOUR))));
        let yaml = format!(
            "docs:\n  sdk: {{url: \"{SDK}\"}}\nstages:\n  one:\n    docs:\n      \
             more: {{url: \"{SDK}\", max_age: 1h}}\n"
        );
        let gathered = case.play(&yaml).await.unwrap();
        assert_eq!(case.asked().len(), 1);
        let index = &gathered.index;
        assert_eq!(index.references[1].stage.as_deref(), Some("one"));
        assert_eq!(index.of_stage("one").references.len(), 2);
        assert_eq!(index.of_stage("two").references.len(), 1);
    }

    #[tokio::test]
    async fn a_section_of_a_page_is_a_doc_and_the_page_is_asked_once() {
        let text = "# All\n\n## One\n\na\n\n## Two\n\nb\n";
        let case = Case::new(false, Some(FetchAnswer::Page(page(text, 10 * HOUR))));
        let yaml = format!(
            "docs:\n  one: {{url: \"{SDK}#one\"}}\n  two: {{url: \"{SDK}#two\"}}\n  none: \
             {{url: \"{SDK}#none\"}}\n"
        );
        let gathered = case.play(&yaml).await.unwrap();
        let texts: Vec<&str> =
            gathered.index.references.iter().map(|reference| reference.text.as_str()).collect();
        let none = format!("[the page has no section `#none`; this is all of it]\n\n{text}");
        assert_eq!(texts, ["## One\n\na\n", "## Two\n\nb\n", &none]);
        assert_eq!(case.asked(), [(SDK.to_owned(), false)]);
        assert_eq!(gathered.pages.keys().collect::<Vec<_>>(), [SDK]);
    }

    #[tokio::test]
    async fn a_copy_young_enough_for_one_doc_may_be_too_old_for_another() {
        let case = Case::new(true, None);
        let yaml = format!(
            "docs:\n  one: {{url: \"{SDK}\", max_age: 2h}}\n  two: {{url: \"{SDK}\", \
             max_age: 30m, if_unreachable: ignore}}\n"
        );
        let gathered = case.play(&yaml).await.unwrap();
        assert_eq!(seen(&gathered), ("# Old\n", How::Stored, 3_600));
        assert_eq!(gathered.missing[0].name, "two");
        assert_eq!(gathered.index.references.len(), 1);
    }

    #[tokio::test]
    async fn files_and_airplanes_come_from_the_bundle() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            (
                "playbooks/x.md",
                "---\nplaybook: 1\nname: x\ndescription: d\ndocs:\n  names: {file: shared/names.md}\nairplanes: [shop]\n---\n",
            ),
            ("playbooks/shared/names.md", "# Names\n\nUse snake_case.\n"),
            (
                "airplanes/shop/airplane.md",
                "---\nairplane: 1\nname: shop\ndescription: A shop\n---\n",
            ),
        ];
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let library = crate::playbook::Library::Folder(folder.path().to_owned());
        let bundle = crate::playbook::load(library, "playbooks/x.md").unwrap();
        let (playbook, _) = crate::playbook::parse(&bundle);
        let (fetch, store) = (&Scripted::default(), &Store::new(folder.path()));
        let redactor = &Redactor::default();
        let sources = Sources { fetch, store, reach: Reach::Online, now: 0, redactor };
        let gathered = gather(&playbook, &bundle, &json!({}), sources).await.unwrap();
        let list = gathered.index.list();
        assert_eq!(list, "names (file, 7 tokens): Names\nshop (airplane, 7 tokens): A shop");
        std::fs::write(folder.path().join("airplanes/shop/.env"), "KEY=canary").unwrap();
        let error = gather(&playbook, &bundle, &json!({}), sources).await.unwrap_err();
        assert!(error.to_string().contains("`airplanes/shop/.env`"), "{error}");
    }

    #[tokio::test]
    async fn the_host_of_an_address_is_never_a_template() {
        let case = Case::new(false, None);
        for url in [
            "https://${{ inputs.host }}/a.md",
            "${{ inputs.host }}",
            "https://a.${{ inputs.host }}",
        ] {
            let yaml = format!("docs:\n  sdk: {{url: \"{url}\", if_unreachable: ignore}}\n");
            let error = case.play(&yaml).await.unwrap_err().to_string();
            assert!(error.contains("is a template"), "{url}: {error}");
        }
        assert_eq!(case.asked(), []);
    }

    #[tokio::test]
    async fn html_becomes_markdown_and_what_is_hidden_is_removed() {
        let html = "<body><nav>Menu</nav><h1>Kit</h1><p>a\u{200b}b</p></body>";
        let html = Page { media_type: "text/html".to_owned(), ..page(html, 10 * HOUR) };
        let case = Case::new(false, Some(FetchAnswer::Page(html)));
        let gathered = case.gather("").await.unwrap();
        let reference = &gathered.index.references[0];
        assert_eq!(reference.text, "# Kit\n\nab\n");
        assert_eq!(reference.invisible, 1);
    }

    #[test]
    fn a_long_text_is_cut_at_a_heading_or_a_line() {
        let text = format!("# One\n{}\n# Two\n{}\n", "a ".repeat(30), "b ".repeat(90));
        let short = shortened(text.clone(), 20);
        assert_eq!(
            short,
            format!(
                "# One\n{}\n\n[cut: the first 17 of 64 tokens are kept]\n",
                "a ".repeat(30).trim_end()
            )
        );
        let code = format!("```js\n{}```\n", "let a = 1\n".repeat(40));
        let short = shortened(code, 20);
        let body: Vec<&str> = short.lines().collect();
        assert_eq!(body.iter().filter(|line| **line == "let a = 1").count(), 7);
        assert_eq!(body[8], "```");
        assert_eq!(shortened(text.clone(), 64), text);
    }
}
