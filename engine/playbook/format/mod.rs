//! The front matter as authors write it. Its JSON Schema is what editors offer and what parsing
//! holds a front matter to; the texts here are what an editor shows.

mod either;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::source::Spanned;

pub(super) use either::{
    Anything, ContainsFormat, Entries, Id, MaxFormat, OutputFormat, Word, Words,
};

/// What a name of an author's looks like, so that templates can read it.
pub(super) const NAME: &str = "^[a-z][a-z0-9_]*$";

/// What a key of an env file looks like.
pub(super) const ENV_KEY: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The keyword of the schema that says where a template can stand.
pub(super) const TEMPLATE: &str = "x-template";

/// The front matter of a playbook, version 1.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["playbook", "name", "description", "stages"]))]
pub(super) struct Header {
    /// The version of the format: 1
    #[schemars(extend("const" = 1))]
    pub(super) playbook: Spanned<u64>,
    /// The name by which people play it
    pub(super) name: Spanned<Id>,
    /// What it does and when to use it
    #[schemars(extend("minLength" = 1))]
    pub(super) description: Spanned<String>,
    /// Its licence, as an SPDX expression
    pub(super) license: Option<String>,
    /// Values that the caller supplies, read in templates as `inputs.NAME`
    pub(super) inputs: Entries<InputFormat>,
    /// What must hold of the project before the first token is spent
    pub(super) requires: Vec<Spanned<RequirementFormat>>,
    /// The project's languages: which rules apply
    pub(super) languages: Vec<Spanned<String>>,
    /// Markdown files of the library whose prose every stage gets
    pub(super) include: Vec<Spanned<String>>,
    /// Documents that the model may search
    pub(super) docs: Entries<DocFormat>,
    /// Model apps of the library that the model may search
    pub(super) airplanes: Vec<Spanned<Id>>,
    /// MCP servers whose tools may be granted as `mcp(server/tool)`
    pub(super) mcp: Entries<McpFormat>,
    /// The only programs that can run
    pub(super) commands: Entries<CommandFormat>,
    /// The env file, and the keys that may be set in it
    pub(super) env: Option<EnvFormat>,
    /// What every stage may use; powers that change things belong in stages
    pub(super) tools: Vec<Spanned<String>>,
    /// What lint is told
    pub(super) lint: LintFormat,
    /// The limits of a whole run
    pub(super) budget: BudgetFormat,
    /// The parts of the job; each model stage has a section `## id` in the prose
    pub(super) stages: Entries<StageFormat>,
}

/// A value that the caller supplies
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct InputFormat {
    /// What kind of value it is; `string` when left out
    #[serde(rename = "type")]
    pub(super) kind: KindFormat,
    /// The environment variable that may hold it
    pub(super) env: Option<String>,
    /// A regular expression that the value must match
    pub(super) pattern: Option<Spanned<String>>,
    /// The value when none is given; an input without one must be given
    pub(super) default: Option<Spanned<Anything>>,
    /// The only values allowed
    #[serde(rename = "enum")]
    pub(super) options: Vec<Spanned<Anything>>,
    /// What it is, for the person who is asked
    pub(super) description: Option<String>,
}

/// The type of an input
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum KindFormat {
    #[default]
    String,
    Integer,
    Number,
    Boolean,
    List,
    Secret,
}

impl KindFormat {
    /// Says what kind of value it is.
    pub(super) fn word(self) -> &'static str {
        match self {
            KindFormat::String => "text",
            KindFormat::Integer => "a whole number",
            KindFormat::Number => "a number",
            KindFormat::Boolean => "`true` or `false`",
            KindFormat::List => "a list of texts",
            KindFormat::Secret => "a secret text",
        }
    }
}

/// A condition on the project: exactly one of package, file, json, toml, contains, program, git, any
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct RequirementFormat {
    /// A package, by its name in its registry
    pub(super) package: Option<Spanned<String>>,
    /// The range its version must be in, such as `>=15.3`
    pub(super) version: Option<Spanned<Word>>,
    /// A glob that some file matches
    pub(super) file: Option<Spanned<String>>,
    /// A JSON file to look into
    pub(super) json: Option<Spanned<String>>,
    /// A TOML file to look into
    pub(super) toml: Option<Spanned<String>>,
    /// Where in the file, as a JSON pointer
    pub(super) pointer: Option<Spanned<String>>,
    /// What stands there
    pub(super) equals: Option<Spanned<Anything>>,
    /// A text that some file contains
    pub(super) contains: Option<Spanned<String>>,
    /// A glob of the files to look in
    #[serde(rename = "in")]
    pub(super) within: Option<Spanned<String>>,
    /// A program on the path
    pub(super) program: Option<Spanned<String>>,
    /// The state of the git work tree
    pub(super) git: Option<Spanned<GitFormat>>,
    /// Requirements of which one must hold
    #[schemars(schema_with = "requirements")]
    pub(super) any: Option<Vec<Spanned<RequirementFormat>>>,
    /// The opposite must hold
    pub(super) not: bool,
}

fn requirements(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "$ref": "#/$defs/RequirementFormat" } })
}

/// The state of a git work tree
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum GitFormat {
    Clean,
}

/// A document: `url` or `file`
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct DocFormat {
    /// An https address, fetched when the playbook is played
    #[schemars(extend("x-template" = true))]
    pub(super) url: Option<Spanned<String>>,
    /// A file of the library
    pub(super) file: Option<Spanned<String>>,
    /// How old a stored copy may be, such as `24h`
    pub(super) max_age: Option<Spanned<Word>>,
    /// The most tokens of it that the model can be given
    pub(super) max_tokens: Option<u64>,
    /// What happens when the host does not answer; `fail` when left out
    pub(super) if_unreachable: UnreachableFormat,
}

/// What happens when a document's host does not answer
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum UnreachableFormat {
    #[default]
    Fail,
    Stale,
    Ignore,
}

/// An MCP server; its credentials come from the user's configuration only
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["url"]))]
pub(super) struct McpFormat {
    /// Its https address
    pub(super) url: Spanned<String>,
}

/// A program that can run: exactly one of run, exec, add, script
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct CommandFormat {
    /// The argv
    #[schemars(extend("x-template" = true))]
    pub(super) run: Option<Spanned<Words>>,
    /// A program of the project's packages, run through its package manager
    #[schemars(extend("x-template" = true))]
    pub(super) exec: Option<Spanned<Words>>,
    /// Packages to add with the project's package manager
    #[schemars(extend("x-template" = true))]
    pub(super) add: Option<Spanned<Words>>,
    /// A script of the project's manifest
    #[schemars(extend("x-template" = true))]
    pub(super) script: Option<Spanned<Words>>,
    /// The folder it runs in
    pub(super) cwd: Option<Spanned<String>>,
    /// How long it may take, such as `8m`; `10m` when left out
    pub(super) timeout: Option<Spanned<Word>>,
    /// Whether the program may read env files
    pub(super) env_file: AccessFormat,
    /// Hosts it may reach
    pub(super) network: Vec<Spanned<String>>,
    /// It touches nothing that a stage beside it may be editing
    pub(super) parallel: bool,
    /// Words that the model may fill in, read as `args.NAME`
    pub(super) args: Entries<ArgumentFormat>,
}

/// Whether a program may read env files
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum AccessFormat {
    #[default]
    Hidden,
    Readable,
}

/// A word that the model fills in: `enum` or `pattern`
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct ArgumentFormat {
    /// The only words allowed
    #[serde(rename = "enum")]
    pub(super) options: Option<Vec<Word>>,
    /// A regular expression that matches the whole word
    pub(super) pattern: Option<Spanned<String>>,
}

/// The env file, and the keys that may be set in it
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["file", "keys"]))]
pub(super) struct EnvFormat {
    /// Its path in the project
    pub(super) file: Spanned<String>,
    /// Each key with the value it is set to
    #[schemars(extend("x-template" = true, "propertyNames" = { "pattern": ENV_KEY }))]
    pub(super) keys: Entries<Spanned<Word>>,
}

/// What lint is told
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct LintFormat {
    /// Findings that are right here, each with its reason
    pub(super) allow: Vec<Spanned<AllowFormat>>,
}

/// A finding that is right here
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("required" = ["rule", "reason"]))]
pub(super) struct AllowFormat {
    /// The rule's name, as it stands in brackets
    pub(super) rule: Spanned<String>,
    /// Why it is right here
    #[schemars(extend("minLength" = 1))]
    pub(super) reason: String,
    /// The stage, `preamble`, or file of the library to which it is limited
    #[serde(rename = "in")]
    pub(super) within: Option<Spanned<String>>,
}

/// Limits
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct BudgetFormat {
    /// US dollars, by the price table
    #[schemars(extend("minimum" = 0))]
    pub(super) usd: Option<f64>,
    /// Tokens, sent and received
    pub(super) tokens: Option<u64>,
    /// Requests to the model
    pub(super) turns: Option<u32>,
    /// Minutes on the clock, without those spent waiting for people
    #[schemars(extend("minimum" = 0))]
    pub(super) minutes: Option<f64>,
}

/// One part of the job: a section of prose for the model, or a command
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct StageFormat {
    /// What people see of a stage that has no section
    #[schemars(extend("x-template" = true))]
    pub(super) title: Option<Spanned<Word>>,
    /// The stages that come before; the one above when left out, none for `[]`
    pub(super) needs: Option<Vec<Spanned<Id>>>,
    /// Whether it is played at all: an expression
    #[schemars(extend("x-template" = true))]
    pub(super) when: Option<Spanned<Word>>,
    /// The command to run: no model, no tokens
    pub(super) run: Option<Spanned<Id>>,
    /// What this stage may use, besides what every stage has
    pub(super) tools: Vec<Spanned<String>>,
    /// Globs of the files it may change; required with edit, write or remove
    pub(super) writes: Vec<Spanned<String>>,
    /// What it is played for, once each
    pub(super) for_each: Option<Spanned<ForEachFormat>>,
    /// What it leaves: `markdown`, or data that a JSON Schema describes
    pub(super) output: Option<Spanned<OutputFormat>>,
    /// What decides that it is done
    pub(super) checks: Vec<Spanned<CheckFormat>>,
    /// How many times a failed check goes back to the model; 1 when left out
    pub(super) retry: Option<u32>,
    /// What a person must say yes to
    pub(super) approve: Option<Spanned<ApproveFormat>>,
    /// Its failure does not fail the run
    pub(super) optional: bool,
    /// How long it may take, such as `5m`
    pub(super) timeout: Option<Spanned<Word>>,
    /// The alias of the model; `default` when left out
    pub(super) model: Option<Spanned<Id>>,
    /// How hard the model should think
    pub(super) effort: Option<Spanned<crate::playbook::Effort>>,
    /// Markdown files of the library whose prose this stage gets
    pub(super) include: Vec<Spanned<String>>,
    /// Documents that this stage may search
    pub(super) docs: Entries<DocFormat>,
    /// `fork`: goes on from the conversation of the one model stage it needs
    pub(super) context: Option<Spanned<ContextFormat>>,
    /// `false`: is not asked, after the end, what was missing
    pub(super) retro: Option<bool>,
    /// The limits of this stage
    pub(super) budget: BudgetFormat,
}

/// Where a stage's conversation begins
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum ContextFormat {
    Fork,
}

/// What a person must say yes to
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum ApproveFormat {
    Before,
    Output,
}

/// What decides that a stage is done: exactly one of run, file, contains, changed, unchanged, env, json
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("minProperties" = 1))]
pub(super) struct CheckFormat {
    /// A command that exits with 0
    pub(super) run: Option<Spanned<Id>>,
    /// A glob that some file matches
    #[schemars(extend("x-template" = true))]
    pub(super) file: Option<Spanned<String>>,
    /// A text, or `{regex: …}`, that some file contains
    #[schemars(extend("x-template" = true))]
    pub(super) contains: Option<Spanned<ContainsFormat>>,
    /// A glob of the files to look in
    #[serde(rename = "in")]
    #[schemars(extend("x-template" = true))]
    pub(super) within: Option<Spanned<String>>,
    /// A glob of files of which one has changed since the stage began
    #[schemars(extend("x-template" = true))]
    pub(super) changed: Option<Spanned<String>>,
    /// A glob of files of which none has changed since the stage began
    #[schemars(extend("x-template" = true))]
    pub(super) unchanged: Option<Spanned<String>>,
    /// A key of the env file that is set and not empty
    #[schemars(extend("x-template" = true))]
    pub(super) env: Option<Spanned<String>>,
    /// A JSON file to look into
    #[schemars(extend("x-template" = true))]
    pub(super) json: Option<Spanned<String>>,
    /// Where in the file, as a JSON pointer
    #[schemars(extend("x-template" = true))]
    pub(super) pointer: Option<Spanned<String>>,
    /// What stands there
    #[schemars(extend("x-template" = true))]
    pub(super) equals: Option<Spanned<Anything>>,
    /// The opposite must hold
    pub(super) not: bool,
    /// What was red before the first write does not block
    pub(super) baseline: bool,
}

/// What a stage is played for: `in`, or `files`
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ForEachFormat {
    /// An expression whose value is a list
    #[serde(rename = "in")]
    #[schemars(extend("x-template" = true))]
    pub(super) list: Option<Spanned<String>>,
    /// A glob: the items themselves, or beside `in` what an item may change
    #[schemars(extend("x-template" = true))]
    pub(super) files: Option<Spanned<String>>,
    /// A text that the files contain
    #[schemars(extend("x-template" = true))]
    pub(super) containing: Option<Spanned<String>>,
    /// The item's name in templates; `item` when left out
    #[serde(rename = "as")]
    #[schemars(extend("pattern" = NAME))]
    pub(super) name: Option<Spanned<Id>>,
    /// The most items, as a number or a template
    #[schemars(extend("x-template" = true))]
    pub(super) max: Option<Spanned<MaxFormat>>,
}

/// Returns the JSON Schema of a front matter, as editors and parsing use it.
pub(super) fn schema() -> Value {
    let mut schema = json!(schemars::schema_for!(Header));
    settle(&mut schema);
    schema["title"] = json!("wizard playbook, version 1");
    schema
}

/// Closes every record but for `x_` keys, and drops the nulls that optional fields bring.
fn settle(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(fields) => {
            fields.remove("default");
            if let Some(Value::String(format)) = fields.remove("format")
                && format == "uint32"
            {
                fields.insert("maximum".to_owned(), json!(u32::MAX));
            }
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(options)) = fields.get_mut("enum") {
                options.retain(|option| !option.is_null());
            }
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
                if let [only] = &choices[..] {
                    let only = only.clone();
                    fields.remove("anyOf");
                    if let Value::Object(only) = only {
                        for (key, value) in only {
                            fields.entry(key).or_insert(value);
                        }
                    }
                }
            }
            if fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("patternProperties".to_owned(), json!({ "^x_": true }));
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            for (keyword, value) in fields {
                match (keyword.as_str(), value) {
                    // Their keys are names, which may be those of keywords.
                    ("properties" | "$defs", Value::Object(named)) => {
                        named.values_mut().for_each(settle);
                    }
                    (_, value) => settle(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_refuses_keys_that_it_does_not_know() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], json!(false));
        for (name, record) in schema["$defs"].as_object().unwrap() {
            assert_eq!(record["additionalProperties"], json!(false), "{name}");
        }
        assert!(!schema.to_string().contains("\"null\""));
    }

    #[test]
    fn a_key_may_have_the_name_of_a_keyword() {
        let input = &schema()["$defs"]["InputFormat"]["properties"];
        let keys: Vec<&String> = input.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["type", "env", "pattern", "default", "enum", "description"]);
    }
}
