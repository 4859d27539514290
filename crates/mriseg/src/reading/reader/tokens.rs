//! Words and the marks between them, and the few words whose meaning depends on their neighbours.

use super::super::lexicon::{self, Meaning};

/// More words than this are not read.
const MAX_WORDS: usize = 300;
const MAX_CHARS: usize = 6000;

/// How two parts of a sentence are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A comma, a colon, a bracket.
    Comma,
    /// A full stop, a semicolon, "there is".
    Stop,
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

    fn is_filler(&self) -> bool {
        self.meaning() == Some(Meaning::Filler)
    }
}

/// The words and marks of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = split(text);
    let question = text.contains('?') && tokens.first().is_some_and(|first| asks(first.word()));
    for i in 0..tokens.len() {
        let Some(read) = in_context(&tokens, i, question) else {
            continue;
        };
        if let Token::Word(_, meaning) = &mut tokens[i] {
            *meaning = Some(read);
        }
    }
    starts(tokens)
}

fn split(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text
        .chars()
        .take(MAX_CHARS)
        .flat_map(char::to_lowercase)
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .collect();
    let mut tokens = Vec::new();
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
            let genitive = end - at > 3 && matches!(chars[end - 2], '\'' | '’') && chars[end - 1] == 's';
            let word = word.strip_suffix('s').filter(|_| genitive).unwrap_or(&word);
            if let Some((read, length)) = abbreviation(&chars, at) {
                tokens.push(Token::Word(chars[at..at + length].iter().collect(), Some(read)));
                end = at + length;
            } else {
                push_word(&mut tokens, word);
            }
            words += 1;
            at = end;
            continue;
        }
        if let Some(mark) = mark(&chars, at, &tokens) {
            tokens.push(mark);
        }
        at += 1;
    }
    tokens
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
        ('w', None) => (Meaning::Filler, 1),
        ('l', Some('r')) | ('r', Some('l')) => (Meaning::Both, 3),
        ('r', Some('o')) | ('c', Some('w')) | ('s', Some('p')) | ('h', Some('o')) | ('f', Some('u')) => (Meaning::Filler, 3),
        _ => return None,
    })
}

fn mark(chars: &[char], at: usize, tokens: &[Token]) -> Option<Token> {
    let last = tokens.last()?;
    let mark = match chars[at] {
        // "L. lower lobe", "3.5"
        '.' if matches!(last.word(), "l" | "r" | "lt" | "rt") && at + 1 < chars.len() => return None,
        '.' if chars.get(at + 1).is_some_and(|c| c.is_alphanumeric()) && chars[at - 1].is_ascii_digit() => return None,
        '.' | ';' | '!' | '?' | '。' | '；' => Mark::Stop,
        ',' | ':' | '(' | ')' | '[' | ']' | '–' | '—' | '|' | '>' | '<' | '=' | '/' | '，' | '、' | '\n' => Mark::Comma,
        '-' if chars.get(at.wrapping_sub(1)) == Some(&' ') && chars.get(at + 1) == Some(&' ') => Mark::Comma,
        '&' | '+' => return Some(Token::Word("and".to_owned(), Some(Meaning::And))),
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

fn asks(word: &str) -> bool {
    matches!(word, "is" | "are" | "does" | "do" | "has" | "have" | "any" | "can" | "could")
}

/// The meaning of a word beside its neighbours, where it differs.
fn in_context(tokens: &[Token], i: usize, question: bool) -> Option<Meaning> {
    let meaning = tokens[i].meaning()?;
    let after = |n: usize| tokens.get(i + n).map_or("", Token::word);
    let next = tokens.get(i + 1).and_then(Token::meaning);
    let before = i.checked_sub(1).map_or("", |i| tokens[i].word());
    let following = || tokens[i + 1..].iter().filter(|token| !token.is_filler()).map(Token::meaning);
    match meaning {
        Meaning::Side(1) if before == "all" || before == "thats" => Some(Meaning::Filler),
        Meaning::Side(1) if matches!(after(1), "now" | "here" | "away" | "there" | "behind" | "above" | "below") => {
            Some(Meaning::Filler)
        }
        Meaning::Side(0) if tokens[i].word() == "left" && matches!(after(1), "over" | "out" | "behind") => Some(Meaning::Filler),
        Meaning::Zone(_) if matches!(after(1), "line" | "venous") => Some(Meaning::Other),
        Meaning::Zone(0) if tokens[i].word() == "top" && before == "on" && after(1) == "of" => Some(Meaning::Filler),
        Meaning::ZoneNoun if tokens[i].word().starts_with("field") && word_before(tokens, i) == Some(Meaning::Lung) => {
            Some(Meaning::Organ)
        }
        Meaning::Count(2) if after(1).starts_with("third") => match i.checked_sub(1).map(|i| tokens[i].meaning()) {
            Some(Some(Meaning::Zone(0 | 2))) => Some(Meaning::Zone(1)),
            _ => Some(Meaning::Filler),
        },
        Meaning::Count(1) if after(1) == "sided" => Some(Meaning::Unilateral),
        Meaning::Count(1) if matches!(next, Some(Meaning::Lung | Meaning::SideNoun)) => Some(Meaning::Unilateral),
        Meaning::Both => both(tokens, i),
        Meaning::Opposite if after(1) == "than" => Some(Meaning::Except),
        Meaning::Opposite => match next {
            Some(Meaning::SideNoun | Meaning::Lung | Meaning::Count(1) | Meaning::Zone(_)) => {
                let last = tokens[..i].iter().rev().find_map(|token| match token.meaning() {
                    Some(Meaning::Side(side)) => Some(side),
                    _ => None,
                });
                Some(last.map_or(Meaning::Filler, |side| Meaning::Side(1 - side)))
            }
            _ => Some(Meaning::Filler),
        },
        Meaning::Filler if tokens[i].word() == "rather" && after(1) == "than" => Some(Meaning::Except),
        Meaning::Filler if tokens[i].word() == "instead" && after(1) == "of" => Some(Meaning::Except),
        Meaning::Filler if tokens[i].word() == "out" && before.starts_with("ruled") => Some(Meaning::Gone),
        Meaning::Clear if before == "as" => Some(Meaning::Filler),
        // "clear of", "a clear consolidation"
        Meaning::Clear if matches!(after(1), "of" | "from") => Some(Meaning::No),
        Meaning::Clear if next == Some(Meaning::Finding) || after(1) == "evidence" => Some(Meaning::Filler),
        Meaning::Clear if question => Some(Meaning::Anything),
        Meaning::Clear if denied(tokens, i) => Some(Meaning::Finding),
        Meaning::Free if matches!(after(1), "for" | "of" | "from") => Some(Meaning::No),
        Meaning::Free if tokens[i].word() == "free" => Some(Meaning::Gone),
        Meaning::Free => Some(Meaning::Clear),
        Meaning::Nothing if matches!(next, Some(Meaning::But)) => Some(Meaning::Filler),
        Meaning::No | Meaning::Not => match following().next() {
            Some(Some(Meaning::Change)) => Some(Meaning::Filler),
            Some(Some(Meaning::Clear)) if meaning == Meaning::Not => Some(Meaning::Filler),
            _ => None,
        },
        _ => None,
    }
}

fn word_before(tokens: &[Token], i: usize) -> Option<Meaning> {
    tokens.get(i.checked_sub(1)?)?.meaning()
}

/// "not entirely clear".
fn denied(tokens: &[Token], i: usize) -> bool {
    let before = tokens[..i].iter().rev();
    // Its "not" has become a filler by then.
    before
        .take_while(|token| token.is_filler())
        .any(|token| lexicon::meaning(token.word()) == Some(Meaning::Not))
}

/// "both" that joins two words instead of naming two sides: "both the left and ...", "both upper and lower left".
fn both(tokens: &[Token], i: usize) -> Option<Meaning> {
    let mut next = tokens[i + 1..]
        .iter()
        .take_while(|token| matches!(token, Token::Word(..)))
        .filter(|token| !token.is_filler())
        .map(Token::meaning);
    let sided = tokens.iter().any(|token| {
        matches!(token.meaning(), Some(Meaning::Side(_) | Meaning::Spot(..)))
    });
    let joins = match next.next()? {
        Some(Meaning::Side(_) | Meaning::Spot(0b01 | 0b10, _)) => true,
        Some(Meaning::ZoneNoun) => sided,
        Some(Meaning::Zone(_)) if sided => {
            let rest: Vec<_> = next.filter(|m| *m != Some(Meaning::ZoneNoun)).take(2).collect();
            matches!(rest[..], [Some(Meaning::And), Some(Meaning::Zone(_))])
        }
        _ => false,
    };
    joins.then_some(Meaning::Filler)
}

/// "... and there is ..." starts anew.
fn starts(tokens: Vec<Token>) -> Vec<Token> {
    let mut marked: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let is = |token: &Token| matches!(token.word(), "is" | "are" | "was" | "were");
        if token.word() == "there" && rest.peek().is_some_and(is) {
            marked.push(Token::Mark(Mark::Stop));
        }
        marked.push(token);
    }
    marked
}
