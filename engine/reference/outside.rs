//! A playbook that is somewhere else, with every file that it names beside it.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::playbook::{Held, beside, named};
use crate::reference::{FetchError, HttpFetch, address};

/// Where a file of a repository is, as bytes and nothing else.
const RAW: &str = include_str!("raw_files.txt");

/// The most files of a playbook that are fetched.
const MOST: usize = 64;

/// Returns the address of a file of a repository at a branch, a tag or a commit.
pub fn of_repository(owner: &str, name: &str, path: &str, at: &str) -> String {
    let filled = [("{owner}", owner), ("{repository}", name), ("{ref}", at), ("{path}", path)];
    let address = RAW.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    filled.into_iter().fold(address.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// Fetches a playbook and every file that it names, from one host. Returns its files, and its path
/// among them.
pub async fn bundle(fetch: &HttpFetch, url: &str) -> Result<(Held, String), FetchError> {
    let wrong = |reason: String| FetchError::new(url, reason);
    let at = address::read(url, fetch.is_local()).map_err(wrong)?;
    if at.query().is_some() || at.fragment().is_some() {
        return Err(wrong("the address of a playbook has no `?` and no `#`".to_owned()));
    }
    let segments: Vec<&str> = at.path_segments().into_iter().flatten().collect();
    let (file, folders) = segments.split_last().unwrap_or((&"", &[]));
    let inside = match folders.last() {
        Some(&"playbooks") => format!("playbooks/{file}"),
        _ => (*file).to_owned(),
    };
    let root = url.strip_suffix(&inside).unwrap_or(url).trim_end_matches('/').to_owned();
    let text = fetch.file(url).await?;
    let (files, airplanes) = named(text.as_bytes());
    if !airplanes.is_empty() {
        return Err(wrong(
            "it names airplanes, which come with a whole library: clone that, and play the file"
                .to_owned(),
        ));
    }
    if files.len() > MOST {
        return Err(wrong(format!("it names more than {MOST} files")));
    }
    let mut held = Held { from: root.clone(), files: BTreeMap::new() };
    let kept = |error: std::io::Error| wrong(error.to_string());
    held.take(&inside, text.into_bytes()).map_err(kept)?;
    for name in files {
        let path = beside(&inside, &name)
            .ok_or_else(|| wrong(format!("`{name}` leads out of its library")))?;
        let url = under(&root, &path).ok_or_else(|| wrong(format!("`{name}` has no address")))?;
        let text = fetch.file(&url).await?;
        held.take(&path, text.into_bytes()).map_err(kept)?;
    }
    Ok((held, inside))
}

/// Returns the address of a file below a folder.
fn under(root: &str, path: &str) -> Option<String> {
    let mut url = Url::parse(root).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(path.split('/'));
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_repository_has_an_address() {
        let url = of_repository("shop", "books", "playbooks/a.md", "v1");
        assert!(url.starts_with("https://"), "{url}");
        assert!(url.ends_with("/shop/books/v1/playbooks/a.md"), "{url}");
    }

    #[test]
    fn a_name_is_one_part_of_an_address_whatever_it_holds() {
        let under = |path: &str| under("https://a.example/b", path).unwrap();
        assert_eq!(under("shared/c.md"), "https://a.example/b/shared/c.md");
        assert_eq!(under("c?d#e.md"), "https://a.example/b/c%3Fd%23e.md");
        assert_eq!(under("x:y@z.md"), "https://a.example/b/x:y@z.md");
    }
}
