//! Expressions as minijinja reads them: strict, without effects, with bounded work.

use std::ops::Range;
use std::sync::LazyLock;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use crate::expression::{Comparison, Operand, Operator, Reference};
use crate::source::{Span, Spanned};

/// Instructions that one expression may take.
const FUEL: u64 = 50_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_function("always", || true);
    environment.remove_global("debug");
    environment
});

/// What is wrong with an expression, and the bytes of it that are.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) place: Range<usize>,
}

/// Says what is wrong with an expression before it is evaluated, if anything is.
pub(super) fn fault(text: &str) -> Option<Fault> {
    let whole = 0..text.len();
    if text.is_empty() {
        return Some(Fault { message: "the expression is empty".to_owned(), place: whole });
    }
    if let Err(error) = ENVIRONMENT.compile_expression(text) {
        let place = error.range().filter(|range| range.start < range.end);
        let place = place.filter(|range| text.get(range.clone()).is_some()).unwrap_or(whole);
        return Some(Fault { message: in_words(&error), place });
    }
    let expression = minijinja::machinery::parse_expr(text).ok()?;
    let mut found = None;
    each(&expression, &mut |expression| {
        let (name, kind, probe, missing) = match expression {
            Expr::Filter(filter) => {
                let probe = format!("none|{}", filter.name);
                (filter.name, "filter", probe, ErrorKind::UnknownFilter)
            }
            Expr::Test(test) => {
                let probe = format!("none is {}", test.name);
                (test.name, "test", probe, ErrorKind::UnknownTest)
            }
            Expr::Call(call) => match &call.expr {
                Expr::Var(name) => {
                    (name.id, "function", format!("{}()", name.id), ErrorKind::UnknownFunction)
                }
                _ => return,
            },
            _ => return,
        };
        // The environment does not list what it has: it says so when asked to use it.
        let asked = ENVIRONMENT.compile_expression(&probe).and_then(|probe| probe.eval(()));
        if asked.is_err_and(|error| error.kind() == missing) {
            let span = expression.span();
            let (start, end) = (span.start_offset as usize, span.end_offset as usize);
            let written = text.get(start..end).unwrap_or_default();
            let place = match written.rfind(name) {
                Some(at) => start + at..start + at + name.len(),
                None => whole.clone(),
            };
            found.get_or_insert(Fault { message: format!("there is no {kind} `{name}`"), place });
        }
    });
    found
}

/// Evaluates an expression.
pub(super) fn evaluate(text: &str, scope: &Value) -> Result<Value, String> {
    let expression = ENVIRONMENT.compile_expression(text).map_err(|error| in_words(&error))?;
    let scope = minijinja::Value::from(minijinja::value::Serde(scope));
    let value = expression.eval(scope).map_err(|error| match error.kind() {
        ErrorKind::UndefinedError => format!("`{text}` is undefined"),
        ErrorKind::OutOfFuel => format!("`{text}` takes too much work"),
        _ => format!("`{text}`: {}", in_words(&error)),
    })?;
    if value.is_undefined() {
        return Err(format!("`{text}` is undefined"));
    }
    serde_json::to_value(&value).map_err(|error| format!("`{text}` is no plain value: {error}"))
}

/// Returns every name path that an expression reads, sorted by place.
pub(super) fn references(text: &str, span: Span) -> Vec<Reference> {
    let mut found = Vec::new();
    if let Ok(expression) = minijinja::machinery::parse_expr(text) {
        walk(&expression, &mut |expression| {
            if let Some((path, start, end)) = path(expression) {
                found.push(Spanned::new(path, span.part(start, end)));
            }
        });
    }
    found.sort_by(|one: &Reference, other| one.value.cmp(&other.value));
    found.dedup();
    found
}

/// Returns the name path that an expression is.
pub(super) fn name(text: &str) -> Option<Vec<String>> {
    exact(&minijinja::machinery::parse_expr(text).ok()?).map(|(path, ..)| path)
}

/// Returns every comparison, those of a chain one by one.
pub(super) fn comparisons(text: &str, span: Span) -> Vec<Comparison> {
    let mut found = Vec::new();
    let Ok(expression) = minijinja::machinery::parse_expr(text) else { return found };
    let mut push = |left: &Expr<'_>, operator: Operator, right: &Expr<'_>| {
        let (left, right) = (operand(left, span), operand(right, span));
        // What is `not in` was read as the opposite of this `in`.
        let read = found.last().is_some_and(|last: &Comparison| {
            last.operator == Operator::NotIn && last.left == left && last.right == right
        });
        if operator != Operator::In || !read {
            found.push(Comparison { left, operator, right });
        }
    };
    each(&expression, &mut |expression| match expression {
        Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Not) => {
            if let Expr::BinOp(binary) = &unary.expr
                && matches!(binary.op, BinOpKind::In)
            {
                push(&binary.left, Operator::NotIn, &binary.right);
            }
        }
        Expr::BinOp(binary) => {
            let operator = match binary.op {
                BinOpKind::Eq => Operator::Equal,
                BinOpKind::Ne => Operator::Unequal,
                BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte => Operator::Order,
                BinOpKind::In => Operator::In,
                _ => return,
            };
            push(&binary.left, operator, &binary.right);
        }
        Expr::Compare(compare) => {
            let mut left = &compare.expr;
            for next in &compare.ops {
                let operator = match next.op {
                    CompareOpKind::Eq => Operator::Equal,
                    CompareOpKind::Ne => Operator::Unequal,
                    CompareOpKind::In => Operator::In,
                    CompareOpKind::NotIn => Operator::NotIn,
                    _ => Operator::Order,
                };
                push(left, operator, &next.expr);
                left = &next.expr;
            }
        }
        _ => {}
    });
    found
}

fn operand(expression: &Expr<'_>, span: Span) -> Operand {
    if let Some((path, start, end)) = exact(expression) {
        return Operand::Name(Spanned::new(path, span.part(start, end)));
    }
    let value = expression.as_const().and_then(|value| serde_json::to_value(&value).ok());
    let place = expression.span();
    match value {
        Some(value) => Operand::Literal(Spanned::new(
            value,
            span.part(place.start_offset as usize, place.end_offset as usize),
        )),
        None => Operand::Computed,
    }
}

/// Whether an expression calls a function.
pub(super) fn calls(text: &str, function: &str) -> bool {
    let mut found = false;
    if let Ok(expression) = minijinja::machinery::parse_expr(text) {
        each(&expression, &mut |expression| {
            if let Expr::Call(call) = expression
                && let Expr::Var(name) = &call.expr
            {
                found |= name.id == function;
            }
        });
    }
    found
}

fn in_words(error: &Error) -> String {
    let detail = error.detail().map(str::to_owned);
    detail.unwrap_or_else(|| error.kind().to_string())
}

/// Returns the path of a chain of names and literal subscripts, and its bytes.
fn path(expression: &Expr<'_>) -> Option<(Vec<String>, usize, usize)> {
    let span = expression.span();
    let end = span.end_offset as usize;
    match expression {
        Expr::Var(name) => Some((vec![name.id.to_owned()], span.start_offset as usize, end)),
        Expr::GetAttr(get) => {
            let (mut parts, start, _) = path(&get.expr)?;
            parts.push(get.name.to_owned());
            Some((parts, start, end))
        }
        Expr::GetItem(get) => {
            let (mut parts, start, before) = path(&get.expr)?;
            match &get.subscript_expr {
                Expr::Const(subscript) => {
                    parts.push(subscript.value.to_string());
                    Some((parts, start, end))
                }
                _ => Some((parts, start, before)),
            }
        }
        _ => None,
    }
}

/// Returns the path of a chain whose subscripts are all written out, and its bytes.
fn exact(expression: &Expr<'_>) -> Option<(Vec<String>, usize, usize)> {
    let mut chain = expression;
    loop {
        chain = match chain {
            Expr::Var(_) => return path(expression),
            Expr::GetAttr(get) => &get.expr,
            Expr::GetItem(get) if matches!(get.subscript_expr, Expr::Const(_)) => &get.expr,
            _ => return None,
        };
    }
}

/// Visits the topmost expression of every chain of names.
fn walk(expression: &Expr<'_>, visit: &mut dyn FnMut(&Expr<'_>)) {
    match expression {
        Expr::Call(call) if matches!(call.expr, Expr::Var(_)) => {
            for argument in &call.args {
                walk(of_argument(argument), visit);
            }
        }
        Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) if path(expression).is_some() => {
            visit(expression);
            subscripts(expression, visit);
        }
        _ => children(expression, &mut |child| walk(child, visit)),
    }
}

/// Visits what stands in the computed subscripts of a chain.
fn subscripts(expression: &Expr<'_>, visit: &mut dyn FnMut(&Expr<'_>)) {
    match expression {
        Expr::GetAttr(get) => subscripts(&get.expr, visit),
        Expr::GetItem(get) => {
            walk(&get.subscript_expr, visit);
            subscripts(&get.expr, visit);
        }
        _ => {}
    }
}

fn each(expression: &Expr<'_>, visit: &mut dyn FnMut(&Expr<'_>)) {
    visit(expression);
    children(expression, &mut |child| each(child, visit));
}

fn children(expression: &Expr<'_>, visit: &mut dyn FnMut(&Expr<'_>)) {
    match expression {
        Expr::Var(_) | Expr::Const(_) => {}
        Expr::Slice(slice) => {
            visit(&slice.expr);
            for bound in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                visit(bound);
            }
        }
        Expr::UnaryOp(unary) => visit(&unary.expr),
        Expr::BinOp(binary) => {
            visit(&binary.left);
            visit(&binary.right);
        }
        Expr::Compare(compare) => {
            visit(&compare.expr);
            for operand in &compare.ops {
                visit(&operand.expr);
            }
        }
        Expr::IfExpr(choice) => {
            visit(&choice.test_expr);
            visit(&choice.true_expr);
            choice.false_expr.iter().for_each(visit);
        }
        Expr::Filter(filter) => {
            filter.expr.iter().for_each(&mut *visit);
            filter.args.iter().for_each(|argument| visit(of_argument(argument)));
        }
        Expr::Test(test) => {
            visit(&test.expr);
            test.args.iter().for_each(|argument| visit(of_argument(argument)));
        }
        Expr::GetAttr(get) => visit(&get.expr),
        Expr::GetItem(get) => {
            visit(&get.expr);
            visit(&get.subscript_expr);
        }
        Expr::Call(call) => {
            visit(&call.expr);
            call.args.iter().for_each(|argument| visit(of_argument(argument)));
        }
        Expr::List(list) => list.items.iter().for_each(visit),
        Expr::Tuple(tuple) => tuple.items.iter().for_each(visit),
        Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(visit),
    }
}

fn of_argument<'a, 'b>(argument: &'b CallArg<'a>) -> &'b Expr<'a> {
    match argument {
        CallArg::Pos(expression)
        | CallArg::Kwarg(_, expression)
        | CallArg::PosSplat(expression)
        | CallArg::KwargSplat(expression) => expression,
    }
}
