//! A conversation that the model cannot read, without what it can look up again.

use serde_json::Value;

use crate::model::{Block, Message, Role};

/// Messages at the end that stay nearly as they are: what the model did last, and what came of it.
const FRESH: usize = 2;

/// Characters of a result, or of a word that a call was given, that stay in older messages.
const OLD: usize = 400;

/// Characters of a result that stay at either end in fresh messages.
const ENDS: usize = 3_000;

/// What stands for a result that is left out.
const LEFT_OUT: &str = "(left out to make room; call the tool again if you need it)";

/// Shortens a conversation: long results and long inputs of older calls are left out, old thinking
/// too, and of a long fresh result its beginning and its end stay. The first message, which says
/// what to do, and what the model said stay whole, and so does each call with its result.
pub fn shorten(messages: &[Message]) -> Vec<Message> {
    let fresh = messages.len().saturating_sub(FRESH);
    let mut shortened = messages.to_vec();
    for (index, message) in shortened.iter_mut().enumerate().skip(1) {
        let is_old = index < fresh;
        if is_old && message.role == Role::Assistant {
            message.blocks.retain(|block| !matches!(block, Block::Thinking(_)));
        }
        for block in &mut message.blocks {
            match block {
                Block::Result { text, .. } if is_old && longer(text, OLD) => {
                    LEFT_OUT.clone_into(text);
                }
                Block::Result { text, .. } => ends(text),
                Block::Call { input, .. } if is_old => leave_out(input),
                _ => {}
            }
        }
        if message.blocks.is_empty() {
            message.blocks.push(Block::Text("(nothing)".to_owned()));
        }
    }
    shortened
}

fn longer(text: &str, limit: usize) -> bool {
    text.chars().nth(limit).is_some()
}

/// Keeps the beginning and the end of a long text.
fn ends(text: &mut String) {
    if !longer(text, 2 * ENDS + LEFT_OUT.len()) {
        return;
    }
    let head: String = text.chars().take(ENDS).collect();
    let skipped = text.chars().count() - ENDS;
    let tail: String = text.chars().skip(skipped).collect();
    *text = format!("{head}\n{LEFT_OUT}\n{tail}");
}

/// Leaves the long words out of what a call was given.
fn leave_out(input: &mut Value) {
    match input {
        Value::String(text) if longer(text, OLD) => "(left out)".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(leave_out),
        Value::Object(fields) => fields.values_mut().for_each(leave_out),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str, input: Value) -> Message {
        let thinking = Block::Thinking(json!({ "thinking": "hm", "signature": id }));
        let call = Block::Call { id: id.to_owned(), name: "write".to_owned(), input };
        Message { role: Role::Assistant, blocks: vec![thinking, call] }
    }

    fn result(id: &str, text: &str) -> Message {
        let result = Block::Result { id: id.to_owned(), text: text.to_owned(), error: false };
        Message { role: Role::User, blocks: vec![result] }
    }

    #[test]
    fn what_can_be_looked_up_again_goes_and_what_was_said_stays() {
        let long = "x".repeat(9_000);
        let messages = [
            Message::user(long.clone()),
            call("a", json!({ "path": "a.txt", "content": long })),
            result("a", "done"),
            call("b", json!({ "path": "b.txt" })),
            result("b", &long),
            call("c", json!({ "content": long })),
            result("c", &format!("begin {long} end")),
        ];
        let shortened = shorten(&messages);
        assert_eq!(shortened[0], messages[0]);
        let input = json!({ "path": "a.txt", "content": "(left out)" });
        let bare = Block::Call { id: "a".to_owned(), name: "write".to_owned(), input };
        assert_eq!(shortened[1].blocks, [bare]);
        assert_eq!(shortened[2], messages[2]);
        assert_eq!(shortened[4], result("b", LEFT_OUT));
        assert_eq!(shortened[5], messages[5], "what the model did last stays");
        let Block::Result { text, .. } = &shortened[6].blocks[0] else { panic!() };
        assert!(text.starts_with("begin ") && text.ends_with(" end") && text.len() < 6_200);
        assert_eq!(shorten(&shortened), shortened, "there is nothing more to leave out");
    }

    #[test]
    fn a_conversation_of_one_message_stays() {
        let messages = [Message::user("x".repeat(90_000))];
        assert_eq!(shorten(&messages), messages);
        assert_eq!(shorten(&[]), []);
    }
}
