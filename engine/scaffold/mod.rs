//! The beginning of a playbook for a framework, with its schemas and its airplane.
//!
//! The texts are the files beside this one; what is known of a language's packages stands in
//! `languages/`, and nothing is known of any framework.

mod package;
mod text;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use package::{NoPackage, Package};
use text::Words;

/// Languages by name, each with what is known of it.
const LANGUAGES: [(&str, &str); 7] = [
    ("go", include_str!("languages/go.toml")),
    ("javascript", include_str!("languages/javascript.toml")),
    ("php", include_str!("languages/php.toml")),
    ("python", include_str!("languages/python.toml")),
    ("ruby", include_str!("languages/ruby.toml")),
    ("rust", include_str!("languages/rust.toml")),
    ("typescript", include_str!("languages/typescript.toml")),
];

static TABLE: LazyLock<BTreeMap<&'static str, Language>> = LazyLock::new(|| {
    let languages = LANGUAGES.iter();
    languages.filter_map(|(name, data)| Some((*name, toml::from_str(data).ok()?))).collect()
});

/// What a language's projects have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    /// The file that names the packages.
    manifest: String,
    /// How the manifest names one.
    dependency: String,
    /// What stands for a version that does not matter; without it, the manifest names no package
    /// whose version is not known.
    any_version: Option<String>,
    /// What stands between two.
    between: String,
    /// Code writes a name with `_` where the package has `-`.
    #[serde(default)]
    underscores: bool,
    /// Globs of the files that stages change.
    writes: Vec<String>,
    /// The command that says whether the code is whole.
    build: Option<String>,
    /// The command that runs the tests.
    tests: String,
    /// The airplane's file to read first.
    entry: String,
    /// What proves that the airplane is whole.
    airplane_build: String,
    /// The airplane's files.
    files: BTreeMap<String, String>,
}

/// What a person wants to begin.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The playbook's name, and the airplane's.
    pub name: String,
    /// The language, one of [`languages`].
    pub language: String,
    /// The framework's package.
    pub package: Package,
    /// The packages that the playbook adds.
    pub adds: Vec<Package>,
}

/// Returns the languages for which a playbook can be begun.
pub fn languages() -> Vec<&'static str> {
    LANGUAGES.iter().map(|(name, _)| *name).collect()
}

/// Makes the files, each with its path in the library; nothing for a language that is not known.
pub fn scaffold(wish: &Wish) -> Option<Vec<(String, String)>> {
    let language = TABLE.get(wish.language.as_str())?;
    let name = &wish.name;
    let words = words(wish, language);
    let front = words.fill(include_str!("front.yaml"));
    let prose = words.fill(include_str!("prose.md"));
    let airplane = format!("airplanes/{name}");
    let mut files = vec![
        (format!("playbooks/{name}.md"), format!("---\n{front}---\n\n{prose}")),
        (format!("playbooks/schemas/{name}-survey.json"), include_str!("survey.json").to_owned()),
        (format!("playbooks/schemas/{name}-changes.json"), include_str!("changes.json").to_owned()),
        (format!("{airplane}/airplane.md"), words.fill(include_str!("airplane.md"))),
    ];
    let own = language.files.iter();
    files.extend(own.map(|(path, text)| (format!("{airplane}/{path}"), words.fill(text))));
    Some(files)
}

fn words(wish: &Wish, language: &Language) -> Words {
    let quoted = |items: Vec<&str>| {
        items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
    };
    let adds: Vec<&str> = wish.adds.iter().map(|added| added.name.as_str()).collect();
    let loaded = wish.adds.first().unwrap_or(&wish.package);
    let module =
        if language.underscores { loaded.name.replace('-', "_") } else { loaded.name.clone() };
    let packages = std::iter::once(&wish.package).chain(&wish.adds);
    let dependencies: Vec<String> =
        packages.filter_map(|package| language.dependency(package)).collect();
    let mut words = Words::default();
    words.put("name", &wish.name);
    words.put("language", &wish.language);
    words.put("package", &wish.package.name);
    words.put("version", wish.package.range.as_deref().unwrap_or_default());
    words.put("adds", &adds.join(" "));
    words.put("adds listed", &listed(&adds));
    words.put(
        "adds quoted",
        &quoted(wish.adds.iter().map(|added| added.written.as_str()).collect()),
    );
    words.put("manifest", &language.manifest);
    words.put("build", language.build.as_deref().unwrap_or_default());
    words.put("tests", &language.tests);
    words.put("writes", &quoted(language.writes.iter().map(String::as_str).collect()));
    words.put("entry", &language.entry);
    words.put("airplane build", &language.airplane_build);
    words.put("module", &module);
    words.put("dependencies", &dependencies.join(&language.between));
    words
}

impl Language {
    /// Returns the manifest's line for a package.
    fn dependency(&self, package: &Package) -> Option<String> {
        let version = package.range.as_deref().or(self.any_version.as_deref())?;
        let mut words = Words::default();
        words.put("package", &package.name);
        words.put("version", version);
        words.put("least", &package.least());
        Some(words.fill(&self.dependency))
    }
}

/// Lists names as a sentence does.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_known_by_its_data() {
        for (name, data) in LANGUAGES {
            let language: Result<Language, _> = toml::from_str(data);
            let language = language.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(language.files.contains_key(&language.manifest), "{name}");
            assert!(language.files.contains_key(&language.entry), "{name}");
        }
        assert!(LANGUAGES.is_sorted());
    }

    #[test]
    fn nothing_of_the_templates_is_left_to_fill_in() {
        for language in languages() {
            for (package, adds) in [("web", vec![]), ("web>=1.2", vec!["one", "two-more@3"])] {
                let adds = adds.into_iter().map(|added| added.parse().unwrap()).collect();
                let package = package.parse().unwrap();
                let wish =
                    Wish { name: "shop".to_owned(), language: language.to_owned(), package, adds };
                for (path, text) in scaffold(&wish).unwrap() {
                    assert!(!text.contains(['«', '»']), "{path}\n{text}");
                }
            }
        }
    }
}
