//! Words and the marks between them.

use std::ops::Range;

use super::super::lexicon::{self, Meaning};

/// More words than this are not read.
const MAX_WORDS: usize = 300;
const MAX_CHARS: usize = 6000;

/// How two parts of a sentence are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A comma, a bracket.
    Comma,
    /// A colon.
    Colon,
    /// A full stop, a semicolon, "and there is".
    Stop,
    /// A question mark.
    Question,
}

/// A word, or a mark between words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word as it was written, in small letters, and its meaning.
    Word(String, Option<Meaning>),
    /// What divides words.
    Mark(Mark),
}

impl Token {
    pub(super) fn meaning(&self) -> Option<Meaning> {
        match self {
            Self::Word(_, meaning) => *meaning,
            Self::Mark(_) => None,
        }
    }

    pub(super) fn word(&self) -> &str {
        match self {
            Self::Word(word, _) => word,
            Self::Mark(_) => "",
        }
    }

    /// Whether it is a word without meaning.
    pub(super) fn is_filler(&self) -> bool {
        self.meaning() == Some(Meaning::Filler)
    }
}

/// The words and marks of a text; a word has the meaning that it has on its own.
pub(super) fn split(text: &str) -> Vec<Token> {
    spanned(text).0
}

/// The same, and where each of them stands in the text, in bytes; of a very long text only the beginning.
pub(super) fn spanned(text: &str) -> (Vec<Token>, Vec<Range<usize>>) {
    let (starts, chars): (Vec<usize>, Vec<char>) = text
        .char_indices()
        .take(MAX_CHARS)
        .flat_map(|(start, c)| c.to_lowercase().map(move |c| (start, c)))
        .filter(|(_, c)| !('\u{300}'..='\u{36f}').contains(c))
        .unzip();
    let rest = text.char_indices().nth(MAX_CHARS);
    let end_of_read = rest.map_or(text.len(), |(start, _)| start);
    let byte = |at: usize| starts.get(at).copied().unwrap_or(end_of_read);
    let mut tokens = Vec::new();
    let mut spans = Vec::new();
    let mut words = 0;
    let mut at = 0;
    while at < chars.len() && words < MAX_WORDS {
        if chars[at].is_alphanumeric() {
            let mut end = at;
            while end < chars.len() && in_word(&chars, end) {
                end += 1;
            }
            let word: String = chars[at..end]
                .iter()
                .filter(|c| c.is_alphanumeric())
                .collect();
            let genitive =
                end - at > 3 && matches!(chars[end - 2], '\'' | '’') && chars[end - 1] == 's';
            let word = word.strip_suffix('s').filter(|_| genitive).unwrap_or(&word);
            if let Some((read, length)) = abbreviation(&chars, at) {
                tokens.push(Token::Word(
                    chars[at..at + length].iter().collect(),
                    Some(read),
                ));
                end = at + length;
            } else {
                push_word(&mut tokens, word);
            }
            words += 1;
            spans.resize(tokens.len(), byte(at)..byte(end));
            at = end;
            continue;
        }
        if let Some(mark) = mark(&chars, at, &tokens) {
            tokens.push(mark);
            spans.push(byte(at)..byte(at + 1));
        }
        at += 1;
    }
    (tokens, spans)
}

fn in_word(chars: &[char], at: usize) -> bool {
    let inside = |c: &char| c.is_alphanumeric();
    inside(&chars[at]) || matches!(chars[at], '\'' | '’') && chars.get(at + 1).is_some_and(inside)
}

/// The word without accents.
pub(super) fn plain(word: &str) -> String {
    word.chars().map(without_accent).collect()
}

fn push_word(tokens: &mut Vec<Token>, word: &str) {
    let plain = plain(word);
    match (lexicon::meaning(&plain), lexicon::glued(&plain)) {
        (None, Some((first, second))) => {
            tokens.push(Token::Word(word.to_owned(), Some(first)));
            tokens.push(Token::Word(word.to_owned(), Some(second)));
        }
        (meaning, _) => {
            // "1st", "t4", "2mm"
            let number = word.chars().any(|c| c.is_ascii_digit()) && word.len() < 6;
            let meaning = meaning.or_else(|| number.then_some(Meaning::Filler));
            tokens.push(Token::Word(word.to_owned(), meaning));
        }
    }
}

/// "b/l", "w/o" and their like.
fn abbreviation(chars: &[char], at: usize) -> Option<(Meaning, usize)> {
    let bounded = at == 0 || !chars[at - 1].is_alphanumeric();
    if !bounded || chars.get(at + 1) != Some(&'/') {
        return None;
    }
    let second = chars.get(at + 2).copied().filter(|c| c.is_alphanumeric());
    if chars.get(at + 3).is_some_and(|c| c.is_alphanumeric()) {
        return None;
    }
    Some(match (chars[at], second) {
        ('b', Some('l')) => (Meaning::Bilateral, 3),
        ('w', Some('o')) => (Meaning::No, 3),
        ('2', Some('3')) => (Meaning::Count(2), 3),
        ('1', Some('2' | '3')) => (Meaning::Filler, 3),
        ('w', None) => (Meaning::Filler, 1),
        ('l', Some('r')) | ('r', Some('l')) => (Meaning::Both, 3),
        ('r', Some('o'))
        | ('c', Some('w'))
        | ('s', Some('p'))
        | ('h', Some('o'))
        | ('f', Some('u')) => (Meaning::Filler, 3),
        _ => return None,
    })
}

fn mark(chars: &[char], at: usize, tokens: &[Token]) -> Option<Token> {
    let last = tokens.last()?;
    let mark = match chars[at] {
        // "L. lower lobe", "3.5"
        '.' if matches!(last.word(), "l" | "r" | "lt" | "rt") && at + 1 < chars.len() => {
            return None;
        }
        '.' if chars.get(at + 1).is_some_and(|c| c.is_alphanumeric())
            && chars[at - 1].is_ascii_digit() =>
        {
            return None;
        }
        '?' | '？' => Mark::Question,
        '.' | ';' | '!' | '。' | '；' => Mark::Stop,
        ':' | '：' => Mark::Colon,
        ',' | '(' | ')' | '[' | ']' | '–' | '—' | '|' | '=' | '/' | '，' | '、' | '\n' => {
            Mark::Comma
        }
        '-' if chars.get(at.wrapping_sub(1)) == Some(&' ') && chars.get(at + 1) == Some(&' ') => {
            Mark::Comma
        }
        '&' | '+' | '>' | '<' => return Some(Token::Word("and".to_owned(), Some(Meaning::And))),
        _ => return None,
    };
    Some(Token::Mark(mark))
}

fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ı' => 'i',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' | 'ø' | 'ő' => 'o',
        'ù'..='ü' | 'ű' => 'u',
        'ł' => 'l',
        'ş' | 'š' | 'ś' => 's',
        'ğ' => 'g',
        _ => c,
    }
}

/// "... and there is ..." starts anew.
pub(super) fn starts(tokens: Vec<Token>) -> Vec<Token> {
    let mut marked: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let is = |token: &Token| matches!(token.word(), "is" | "are" | "was" | "were");
        let joined = marked
            .last()
            .is_some_and(|last| last.meaning() == Some(Meaning::And));
        if token.word() == "there" && joined && rest.peek().is_some_and(is) {
            marked.push(Token::Mark(Mark::Stop));
        }
        marked.push(token);
    }
    marked
}
