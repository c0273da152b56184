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
    /// A word that adds one, among the words of `add`.
    added: Option<String>,
    /// The command that adds one, where they are added one by one.
    add_one: Option<String>,
    /// What stands between two in the manifest.
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
    /// The programs that the commands name by themselves.
    #[serde(default)]
    programs: Vec<String>,
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

/// Why nothing can be begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaffoldError {
    /// No data says how the language's projects are.
    #[error("no playbook can be begun for `{0}`; the languages are {known}", known = languages().join(", "))]
    Language(String),
    /// A package would be added in whatever version is newest.
    #[error(
        "`{0}` would be added in whatever version is newest; write a range behind it: `{0}>=1.2`"
    )]
    NoRange(String),
}

/// Returns the languages for which a playbook can be begun.
pub fn languages() -> Vec<&'static str> {
    LANGUAGES.iter().map(|(name, _)| *name).collect()
}

/// Makes the files, each with its path in the library.
pub fn scaffold(wish: &Wish) -> Result<Vec<(String, String)>, ScaffoldError> {
    let language = TABLE.get(wish.language.as_str());
    let language = language.ok_or_else(|| ScaffoldError::Language(wish.language.clone()))?;
    if let Some(added) = wish.adds.iter().find(|added| added.range.is_none()) {
        return Err(ScaffoldError::NoRange(added.name.clone()));
    }
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
    Ok(files)
}

fn words(wish: &Wish, language: &Language) -> Words {
    let loaded = wish.adds.first().unwrap_or(&wish.package);
    let module =
        if language.underscores { loaded.name.replace('-', "_") } else { loaded.name.clone() };
    let packages = std::iter::once(&wish.package).chain(&wish.adds);
    let dependencies: Vec<String> =
        packages.filter_map(|package| language.dependency(package)).collect();
    let writes: Vec<String> = language.writes.iter().map(|glob| format!("\"{glob}\"")).collect();
    let mut words = Words::default();
    words.put("name", &wish.name);
    words.put("language", &wish.language);
    words.put("package", &wish.package.name);
    words.put("version", wish.package.range.as_deref().unwrap_or_default());
    words.put("adds", &listed(&wish.adds));
    words.put("manifest", &language.manifest);
    words.put("programs", &language.programs.join(", "));
    words.put("build", language.build.as_deref().unwrap_or_default());
    words.put("tests", &language.tests);
    words.put("writes", &writes.join(", "));
    words.put("entry", &language.entry);
    words.put("airplane build", &language.airplane_build);
    words.put("module", &module);
    words.put("dependencies", &dependencies.join(&language.between));
    installs(&mut words, &language.adds(&wish.adds));
    words
}

/// Puts the commands that add packages, and the stages that run them.
fn installs(words: &mut Words, adds: &[(String, String)]) {
    let number =
        |index: usize| if adds.len() > 1 { format!("_{}", index + 1) } else { String::new() };
    let commands = adds.iter().enumerate();
    let commands = commands.map(|(index, (_, command))| format!("add{}: {command}", number(index)));
    words.put("add commands", &commands.collect::<Vec<_>>().join("\n  "));
    let names: Vec<String> =
        (0..adds.len()).map(|index| format!("install{}", number(index))).collect();
    words.put("install names", &names.join(", "));
    let stages = names.iter().zip(adds).enumerate().map(|(index, (name, (packages, _)))| {
        let mut stage = Words::default();
        stage.put("stage", name);
        stage.put("command", &format!("add{}", number(index)));
        stage.put("packages", packages);
        stage.fill(include_str!("install.yaml"))
    });
    words.put("install stages", stages.collect::<String>().trim_end());
}

impl Language {
    /// Returns the manifest's line for a package.
    fn dependency(&self, package: &Package) -> Option<String> {
        let version = package.range.as_deref().or(self.any_version.as_deref())?;
        Some(of_package(package, version).fill(&self.dependency))
    }

    /// Returns the commands that add packages, each with the names of those that it adds.
    fn adds(&self, adds: &[Package]) -> Vec<(String, String)> {
        let filled = |package: &Package, template: &str| {
            of_package(package, package.range.as_deref().unwrap_or_default()).fill(template)
        };
        if let Some(one) = &self.add_one {
            let one = |package: &Package| (package.name.clone(), filled(package, one));
            return adds.iter().map(one).collect();
        }
        let Some(added) = self.added.as_ref().filter(|_| !adds.is_empty()) else {
            return Vec::new();
        };
        let words: Vec<String> = adds.iter().map(|package| filled(package, added)).collect();
        vec![(listed(adds), format!("{{add: [{}]}}", words.join(", ")))]
    }
}

fn of_package(package: &Package, version: &str) -> Words {
    let mut words = Words::default();
    words.put("package", &package.name);
    words.put("version", version);
    words.put("least", &package.least());
    words
}

/// Lists packages as a sentence does.
fn listed(packages: &[Package]) -> String {
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    match &names[..] {
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
            for (package, adds) in [("web", vec![]), ("web>=1.2", vec!["one@2", "two-more>=3"])] {
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
