//! Requirements, held against a project.

use serde_json::Value;

use crate::playbook::{DataFormat, DataTest, Requirement, RequirementKind};
use crate::project::files::{Files, Unread};
use crate::project::packages::{self, Sight};
use crate::project::version::{Range, Version};
use crate::project::{Project, Verdict, git, program};

/// How many files a verdict names.
const MOST_NAMED: usize = 3;

/// The longest value that a verdict shows, in characters.
const LONGEST_VALUE: usize = 120;

impl Project {
    /// Holds a requirement against the project. Reads files, runs nothing.
    pub fn verdict(&self, requirement: &Requirement) -> Verdict {
        let verdict = self.holds(&requirement.kind);
        if requirement.not { verdict.opposite() } else { verdict }
    }

    /// Says a requirement in words for the person, such as "package `next` >=15.3".
    pub fn describe(requirement: &Requirement) -> String {
        let text = match &requirement.kind {
            RequirementKind::Package { name, version: None } => format!("package `{name}`"),
            RequirementKind::Package { name, version: Some(version) } => {
                format!("package `{name}` {}", version.value)
            }
            RequirementKind::File(glob) => format!("a file `{glob}`"),
            RequirementKind::Data(DataTest { file, pointer, equals: Some(equals), .. }) => {
                format!("`{file}` with {equals} at `{pointer}`")
            }
            RequirementKind::Data(DataTest { file, pointer, equals: None, .. }) => {
                format!("`{file}` with something at `{pointer}`")
            }
            RequirementKind::Contains { text, within } => format!("`{text}` in `{within}`"),
            RequirementKind::Program(name) => format!("program `{name}`"),
            RequirementKind::GitClean => "a git work tree without uncommitted changes".to_owned(),
            RequirementKind::Any(list) => {
                let texts: Vec<String> = list.iter().map(Project::describe).collect();
                format!("one of: {}", texts.join("; "))
            }
        };
        if requirement.not { format!("not: {text}") } else { text }
    }

    fn holds(&self, kind: &RequirementKind) -> Verdict {
        let held = match kind {
            RequirementKind::Package { name, version } => {
                Ok(self.package(name, version.as_ref().map(|version| version.value.as_str())))
            }
            RequirementKind::File(glob) => self.file(glob),
            RequirementKind::Data(test) => self.data(test),
            RequirementKind::Contains { text, within } => self.contains(text, within),
            RequirementKind::Program(name) => Ok(self.has_program(name)),
            RequirementKind::GitClean => Ok(git::is_clean(&self.root)),
            RequirementKind::Any(list) => Ok(self.any(list)),
        };
        held.unwrap_or_else(Verdict::Unknown)
    }

    fn package(&self, name: &str, wanted: Option<&str>) -> Verdict {
        let sight = packages::look(self, name);
        let range = match wanted.map(|wanted| (wanted, Range::parse(wanted))) {
            Some((wanted, None)) => {
                return Verdict::Unknown(format!(
                    "`{wanted}` is not a range of versions; write one such as `>=15.3`"
                ));
            }
            Some((_, Some(range))) => Some(range),
            None => None,
        };
        match sight {
            Sight::Exact(versions, place) => of_versions(&versions, &place, range.as_ref()),
            Sight::Declared(declared, file) => of_range(&declared, &file, range.as_ref()),
            Sight::Absent(manifests) if manifests.is_empty() => {
                Verdict::Unmet("the project has no manifest that is known".to_owned())
            }
            Sight::Absent(manifests) => {
                Verdict::Unmet(format!("it is not among the packages of {manifests}"))
            }
            Sight::Hidden(why) => Verdict::Unknown(why),
        }
    }

    fn file(&self, glob: &str) -> Result<Verdict, String> {
        let matches = Files::of(&self.root)?.matching(glob)?;
        Ok(match (matches.files.as_slice(), matches.cut) {
            ([], false) => Verdict::Unmet(format!("no file matches `{glob}`")),
            ([], true) => Verdict::Unknown(format!(
                "the project has too many files to tell that none matches `{glob}`; narrow the glob"
            )),
            (files, _) => Verdict::Met(named(files)),
        })
    }

    fn data(&self, test: &DataTest) -> Result<Verdict, String> {
        let DataTest { file, format, pointer, equals } = test;
        let text = match Files::of(&self.root)?.read(file) {
            Ok(text) => text,
            Err(Unread::Missing) => {
                return Ok(Verdict::Unmet(format!("there is no file `{file}`")));
            }
            Err(Unread::Closed(why)) => return Err(why),
        };
        let value = match format {
            DataFormat::Json => serde_json::from_str(&text).map_err(|error| error.to_string()),
            DataFormat::Toml => toml::from_str::<toml::Table>(&text)
                .map(|table| json_of(toml::Value::Table(table)))
                .map_err(|error| error.message().to_owned()),
        };
        let value: Value = value.map_err(|error| format!("`{file}` cannot be read: {error}"))?;
        let Some(found) = value.pointer(pointer) else {
            return Ok(Verdict::Unmet(format!("nothing is at `{pointer}`")));
        };
        let holds = equals.as_ref().is_none_or(|equals| same(found, equals));
        let shown = shown(found);
        Ok(if holds { Verdict::Met(shown) } else { Verdict::Unmet(shown) })
    }

    fn contains(&self, text: &str, within: &str) -> Result<Verdict, String> {
        let files = Files::of(&self.root)?;
        let matches = files.matching(within)?;
        if matches.files.is_empty() && !matches.cut {
            return Ok(Verdict::Unmet(format!("no file matches `{within}`")));
        }
        let mut unread = None;
        for file in &matches.files {
            match files.read(file) {
                Ok(content) if content.contains(text) => {
                    return Ok(Verdict::Met(format!("`{file}`")));
                }
                Ok(_) | Err(Unread::Missing) => {}
                Err(Unread::Closed(why)) => unread = unread.or(Some(why)),
            }
        }
        match unread {
            Some(why) => Err(why),
            None if matches.cut => Err(format!(
                "the project has too many files to tell that none of `{within}` has it; narrow the \
                 glob"
            )),
            None => Ok(Verdict::Unmet(format!("not in {}", named(&matches.files)))),
        }
    }

    fn has_program(&self, name: &str) -> Verdict {
        let Some(path) = &self.path else {
            return Verdict::Unknown("the PATH is not known".to_owned());
        };
        if name.is_empty() || name.contains(['/', '\\']) {
            return Verdict::Unknown(format!("`{name}` is a path; name a program on the PATH"));
        }
        match program::find(path, &self.root, name) {
            Some(place) => Verdict::Met(format!("`{}`", place.display())),
            None => Verdict::Unmet(format!("`{name}` is not on the PATH; install it")),
        }
    }

    fn any(&self, list: &[Requirement]) -> Verdict {
        let mut unknown = None;
        let mut reasons = Vec::new();
        for requirement in list {
            match self.verdict(requirement) {
                Verdict::Met(found) => return Verdict::Met(found),
                Verdict::Unknown(why) => unknown = unknown.or(Some(why)),
                Verdict::Unmet(found) => reasons.push(found),
            }
        }
        unknown.map_or_else(|| Verdict::Unmet(reasons.join("; ")), Verdict::Unknown)
    }
}

impl Verdict {
    fn opposite(self) -> Self {
        match self {
            Verdict::Met(found) => Verdict::Unmet(found),
            Verdict::Unmet(found) => Verdict::Met(found),
            Verdict::Unknown(why) => Verdict::Unknown(why),
        }
    }
}

/// Versions that stand side by side decide only where they agree.
fn of_versions(versions: &[String], place: &str, range: Option<&Range>) -> Verdict {
    let found = format!("{}, {place}", versions.join(" and "));
    let Some(range) = range else { return Verdict::Met(found) };
    let parsed: Option<Vec<Version>> = versions.iter().map(|it| Version::parse(it)).collect();
    let Some(parsed) = parsed else {
        return Verdict::Unknown(format!("{found}: not a version that can be compared"));
    };
    match parsed.iter().filter(|version| range.holds(version)).count() {
        0 => Verdict::Unmet(found),
        count if count == parsed.len() => Verdict::Met(found),
        _ => Verdict::Unknown(format!("{found}; which of them is meant cannot be told")),
    }
}

/// A declared range is judged by its minimum: what a fresh install may bring is not known.
fn of_range(declared: &str, file: &str, range: Option<&Range>) -> Verdict {
    let found = match declared {
        "" => format!("any version, declared in `{file}`"),
        declared => format!("`{declared}`, declared in `{file}`"),
    };
    let Some(range) = range else { return Verdict::Met(found) };
    match Range::parse(declared).as_ref().and_then(Range::minimum) {
        Some(minimum) if range.holds(&minimum) => Verdict::Met(found),
        Some(minimum) => Verdict::Unmet(format!(
            "{found}, whose minimum is {minimum}; install the packages to be judged by what is there"
        )),
        None => Verdict::Unknown(format!(
            "{found}, which does not say a version; install the packages, and it can be told"
        )),
    }
}

fn named(files: &[String]) -> String {
    let shown: Vec<String> = files.iter().take(MOST_NAMED).map(|it| format!("`{it}`")).collect();
    match files.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    format!("{}…", text.chars().take(LONGEST_VALUE).collect::<String>())
}

/// Whether two values are the same, 1 and 1.0 being so.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

/// Makes JSON of TOML. Dates become the text they were written as.
fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(list) => list.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json_of(value))).collect())
        }
    }
}
