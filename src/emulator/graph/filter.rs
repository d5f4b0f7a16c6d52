//! `$filter` (`OData` 4, as far as the directory takes it): a text goes in, a condition over an
//! object comes out. Strings compare without regard to letter case, as the directory's do.

use serde_json::Value;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(Path, Operator, Literal),
    In(Path, Vec<Literal>),
    Text(Path, TextMatch, String),
    /// `tags/any(t:t eq 'x')`
    Any(Path, String, Box<Self>),
}

pub(crate) type Path = Vec<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Ge,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextMatch {
    Start,
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// In quotes, or a bare Guid or date.
    Text(String),
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0 };
        let filter = parser.either()?;
        (parser.next == parser.tokens.len()).then_some(filter)
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.holds(object, None)
    }

    fn holds(&self, object: &Value, bound: Option<(&str, &Value)>) -> bool {
        match self {
            Self::Or(one, other) => one.holds(object, bound) || other.holds(object, bound),
            Self::And(one, other) => one.holds(object, bound) && other.holds(object, bound),
            Self::Not(inner) => !inner.holds(object, bound),
            Self::Compare(path, operator, literal) => {
                compares(at(object, path, bound), *operator, literal)
            }
            Self::In(path, literals) => {
                let value = at(object, path, bound);
                literals.iter().any(|literal| compares(value, Operator::Eq, literal))
            }
            Self::Text(path, how, text) => at(object, path, bound).as_str().is_some_and(|value| {
                let (value, text) = (value.to_lowercase(), text.to_lowercase());
                match how {
                    TextMatch::Start => value.starts_with(&text),
                    TextMatch::End => value.ends_with(&text),
                }
            }),
            Self::Any(path, name, inner) => at(object, path, bound)
                .as_array()
                .is_some_and(|all| all.iter().any(|item| inner.holds(object, Some((name, item))))),
        }
    }

    /// The properties of the object that it asks for.
    pub(crate) fn properties(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect(None, &mut found);
        found
    }

    fn collect<'a>(&'a self, bound: Option<&str>, found: &mut Vec<&'a str>) {
        match self {
            Self::Or(one, other) | Self::And(one, other) => {
                one.collect(bound, found);
                other.collect(bound, found);
            }
            Self::Not(inner) => inner.collect(bound, found),
            Self::Compare(path, ..) | Self::In(path, _) | Self::Text(path, ..) => {
                let first = path.first().map(String::as_str);
                found.extend(first.filter(|name| Some(*name) != bound));
            }
            Self::Any(path, name, inner) => {
                found.extend(path.first().map(String::as_str));
                inner.collect(Some(name), found);
            }
        }
    }

    /// Whether it asks what only the advanced index can tell: `ne`, `not`, `endsWith`.
    pub(crate) fn is_advanced(&self) -> bool {
        match self {
            Self::Or(one, other) | Self::And(one, other) => {
                one.is_advanced() || other.is_advanced()
            }
            Self::Not(_) | Self::Compare(_, Operator::Ne, _) | Self::Text(_, TextMatch::End, _) => {
                true
            }
            Self::Any(_, _, inner) => inner.is_advanced(),
            Self::Compare(..) | Self::In(..) | Self::Text(..) => false,
        }
    }
}

fn at<'a>(object: &'a Value, path: &[String], bound: Option<(&str, &'a Value)>) -> &'a Value {
    let mut names = path.iter().map(String::as_str).peekable();
    let start = match bound {
        Some((name, item)) if names.peek() == Some(&name) => {
            names.next();
            item
        }
        _ => object,
    };
    names.fold(start, |value, name| &value[name])
}

fn compares(value: &Value, operator: Operator, literal: &Literal) -> bool {
    let order = match (value, literal) {
        (Value::Null, Literal::Null) => Some(std::cmp::Ordering::Equal),
        (Value::Bool(one), Literal::Bool(other)) => Some(one.cmp(other)),
        (Value::String(one), Literal::Text(other)) => {
            Some(one.to_lowercase().cmp(&other.to_lowercase()))
        }
        _ => None,
    };
    match operator {
        Operator::Eq => order.is_some_and(std::cmp::Ordering::is_eq),
        Operator::Ne => !order.is_some_and(std::cmp::Ordering::is_eq),
        Operator::Ge => order.is_some_and(std::cmp::Ordering::is_ge),
        Operator::Le => order.is_some_and(std::cmp::Ordering::is_le),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '\'' => {
                let mut inner = String::new();
                loop {
                    match letters.next()? {
                        '\'' if letters.peek() == Some(&'\'') => {
                            letters.next();
                            inner.push('\'');
                        }
                        '\'' => break,
                        other => inner.push(other),
                    }
                }
                found.push(Token::Quoted(inner));
            }
            '(' | ')' | ',' | '/' => found.push(Token::Sign(letter)),
            // A colon ends the name of a lambda and is part of a date.
            ':' => found.push(Token::Sign(':')),
            _ => {
                let mut word = String::from(letter);
                let is_date = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
                while let Some(next) =
                    letters.next_if(|c| !" '(),/".contains(*c) && (*c != ':' || is_date(&word)))
                {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn word(&mut self) -> Option<String> {
        match self.take()? {
            Token::Word(word) => Some(word),
            Token::Quoted(_) | Token::Sign(_) => None,
        }
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        (self.take()? == Token::Sign(sign)).then_some(())
    }

    fn comes(&self, token: &Token) -> bool {
        self.tokens.get(self.next) == Some(token)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let comes = self.comes(&Token::Word(word.to_owned()));
        self.next += usize::from(comes);
        comes
    }

    fn either(&mut self) -> Option<Filter> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Some(left)
    }

    fn both(&mut self) -> Option<Filter> {
        let mut left = self.one()?;
        while self.takes_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Some(left)
    }

    fn one(&mut self) -> Option<Filter> {
        if self.takes_word("not") {
            return Some(Filter::Not(Box::new(self.one()?)));
        }
        if self.comes(&Token::Sign('(')) {
            self.next += 1;
            let inner = self.either()?;
            self.sign(')')?;
            return Some(inner);
        }
        let first = self.word()?;
        let how = match first.to_ascii_lowercase().as_str() {
            "startswith" => Some(TextMatch::Start),
            "endswith" => Some(TextMatch::End),
            _ => None,
        };
        match how {
            Some(how) if self.comes(&Token::Sign('(')) => self.text(how),
            _ => self.comparison(first),
        }
    }

    fn text(&mut self, how: TextMatch) -> Option<Filter> {
        self.sign('(')?;
        let first = self.word()?;
        let mut path = vec![first];
        while self.comes(&Token::Sign('/')) {
            self.next += 1;
            path.push(self.word()?);
        }
        self.sign(',')?;
        let Token::Quoted(text) = self.take()? else {
            return None;
        };
        self.sign(')')?;
        Some(Filter::Text(path, how, text))
    }

    fn comparison(&mut self, first: String) -> Option<Filter> {
        let mut path = vec![first];
        while self.comes(&Token::Sign('/')) {
            self.next += 1;
            let name = self.word()?;
            if name == "any" && self.comes(&Token::Sign('(')) {
                self.next += 1;
                let variable = self.word()?;
                self.sign(':')?;
                let inner = self.either()?;
                self.sign(')')?;
                return Some(Filter::Any(path, variable, Box::new(inner)));
            }
            path.push(name);
        }
        let operator = match self.word()?.as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "ge" => Operator::Ge,
            "le" => Operator::Le,
            "in" => return self.membership(path),
            _ => return None,
        };
        Some(Filter::Compare(path, operator, self.literal()?))
    }

    fn membership(&mut self, path: Path) -> Option<Filter> {
        self.sign('(')?;
        let mut literals = vec![self.literal()?];
        while self.comes(&Token::Sign(',')) {
            self.next += 1;
            literals.push(self.literal()?);
        }
        self.sign(')')?;
        Some(Filter::In(path, literals))
    }

    fn literal(&mut self) -> Option<Literal> {
        Some(match self.take()? {
            Token::Quoted(text) => Literal::Text(text),
            Token::Word(word) => match word.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                // Guids and dates stand without quotes.
                _ if word.starts_with(|c: char| c.is_ascii_hexdigit()) => Literal::Text(word),
                _ => return None,
            },
            Token::Sign(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_hold_as_odata_reads_them() {
        let object = json!({
            "displayName": "O'Neil's app", "isEnabled": true, "notes": null, "tags": ["a", "b"],
            "createdDateTime": "2026-01-01T00:00:00Z",
            "keyCredentials": [{ "keyId": "11111111-2222-3333-4444-555555555555" }],
        });
        for (text, holds) in [
            ("displayName eq 'o''neil''s APP'", true),
            ("displayName ne 'x' and not (isEnabled eq false)", true),
            ("displayName eq 'x' or startsWith(displayName,'O''N')", true),
            ("endswith(displayName, 'app') and notes eq null", true),
            ("displayName in ('x', 'y')", false),
            ("displayName in ('x','O''Neil''s app')", true),
            ("tags/any(t:t eq 'b')", true),
            ("tags/any(t: t eq 'c')", false),
            ("keyCredentials/any(k:k/keyId eq 11111111-2222-3333-4444-555555555555)", true),
            ("createdDateTime ge 2025-12-31T23:59:59Z", true),
            ("createdDateTime le 2025-12-31T23:59:59Z", false),
            ("isEnabled eq true or notes eq 'x' and notes eq 'y'", true),
        ] {
            assert_eq!(Filter::parse(text).unwrap().matches(&object), holds, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            "",
            "displayName",
            "displayName eq",
            "displayName eq x",
            "displayName like 'x'",
            "displayName eq 'x",
            "(displayName eq 'x'",
            "displayName eq 'x' and",
            "displayName in ()",
            "displayName eq 'x' displayName eq 'y'",
        ] {
            assert_eq!(Filter::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_properties_asked_for_are_those_of_the_object() {
        let filter = Filter::parse("a eq 'x' and b/any(t:t/c eq 'y' or d eq 'z')").unwrap();
        assert_eq!(filter.properties(), ["a", "b", "d"]);
    }
}
