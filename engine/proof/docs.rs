//! The docs that an airplane follows: whether they still name what it shows, and which versions.

use regex::Regex;

use crate::lint::find_name;
use crate::project::Project;
use crate::proof::{Findings, Mark, Seams};
use crate::redact::Redactor;
use crate::reference::{Fetch, FetchAnswer, Sheet, markdown};
use crate::version::Version;

/// Reads the docs of an airplane, and holds its names and versions against them.
pub(super) async fn hold(
    project: &Project,
    sheet: &Sheet,
    seams: &Seams<'_>,
    findings: &mut Findings<'_, '_>,
) {
    if sheet.docs.is_empty() {
        findings.note(Mark::Untried, "it does not say in `docs` which it follows");
        return;
    }
    let Some(fetch) = seams.fetch else {
        findings.note(Mark::Untried, "its docs were not asked for: offline");
        return;
    };
    let mut texts = Vec::new();
    for url in &sheet.docs {
        match read(fetch, url).await {
            Ok(text) => texts.push((url, text)),
            Err(reason) => findings.note(Mark::Untried, format!("a doc was not read: {reason}")),
        }
    }
    // Names are missing from all docs or from none: with one unread, nothing can be said.
    if texts.len() == sheet.docs.len() {
        let is_named =
            |name: &str| texts.iter().any(|(_, text)| !find_name(text, last(name)).is_empty());
        let (named, unnamed): (Vec<&String>, Vec<&String>) =
            sheet.shows.iter().partition(|name| is_named(name));
        if !named.is_empty() {
            findings.note(Mark::Holds, format!("its docs name {} of what it shows", named.len()));
        }
        for name in unnamed {
            findings.note(Mark::Stale, format!("its docs do not name `{name}`, which it shows"));
        }
    }
    let packages: Vec<&String> = sheet.framework.iter().chain(sheet.packages.keys()).collect();
    for (url, text) in &texts {
        for package in &packages {
            let ours = project.resolved(package).and_then(|text| Version::parse(&text));
            let (Some(ours), Some((said, newest))) = (ours, newest(text, package)) else {
                continue;
            };
            if newest.is_newer_than(&ours) {
                let text = format!("`{url}` speaks of {package} {said}, which is newer than ours");
                findings.note(Mark::Stale, text);
            }
        }
    }
}

async fn read(fetch: &dyn Fetch, url: &str) -> Result<String, String> {
    let clean = Redactor::default().clean(url);
    match fetch.fetch(&clean, None).await {
        Ok(FetchAnswer::Page(page)) => markdown(&page).await,
        Ok(FetchAnswer::Unchanged) => Err(format!("`{url}` sends nothing")),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the last part of a dotted name: docs call an object as they like.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Returns the newest version that a text gives of a package, as manifests and shells write it.
fn newest(text: &str, package: &str) -> Option<(String, Version)> {
    let name = regex::escape(package);
    let written = format!(
        r#"(?:^|[^\w@/-])["']?{name}["']?\s*(?:@|==|>=|~=|:\s*["'])\s*[\^~]?v?(\d+(?:\.\d+)*)"#
    );
    let written = Regex::new(&written).ok()?;
    let found = written.captures_iter(text).filter_map(|found| {
        let said = found.get(1)?.as_str().to_owned();
        Some((Version::parse(&said)?, said))
    });
    let mut newest: Option<(String, Version)> = None;
    for (version, said) in found {
        if newest.as_ref().is_none_or(|(_, newest)| version.is_newer_than(newest)) {
            newest = Some((said, version));
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_a_text_gives_is_found() {
        let text =
            "Run `kit add web@1.2`.\n{\"web\": \"^2.0.1\", \"web-kit\": \"9.0.0\"}\n@s/web@8\n";
        assert_eq!(newest(text, "web").unwrap().0, "2.0.1");
        assert_eq!(newest("web==3\nweb>=2.5\n", "web").unwrap().0, "3");
        assert!(newest("the web of 2024", "web").is_none());
    }
}
