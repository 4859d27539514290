//! Progress for people, on standard error: a bar on a terminal, a plain line now and then elsewhere, or nothing.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crate::system::say::note;
use indicatif::{ProgressBar, ProgressStyle};

/// Time between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(15);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    /// A bar that redraws itself.
    Bar {
        /// With colours.
        colour: bool,
    },
    /// One line now and then.
    Plain,
    /// Nothing.
    Silent,
}

impl Display {
    /// What fits this process: `--quiet`, the terminal and the `NO_COLOR` variable decide.
    pub(crate) fn detect(quiet: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::choose(quiet, std::io::stderr().is_terminal(), no_color)
    }

    fn choose(quiet: bool, terminal: bool, no_color: bool) -> Self {
        match (quiet, terminal) {
            (true, _) => Self::Silent,
            (false, true) => Self::Bar { colour: !no_color },
            (false, false) => Self::Plain,
        }
    }

    /// A line of text, unless silent.
    pub(crate) fn line(self, text: &str) {
        if self != Self::Silent {
            note!("{text}");
        }
    }

    /// Starts a stage of `total` steps.
    pub(crate) fn stage(self, name: &str, total: u64) -> Stage {
        let bar = match self {
            Self::Bar { colour } => {
                let bar = ProgressBar::new(total).with_prefix(name.to_owned());
                bar.set_style(style(colour));
                bar.enable_steady_tick(Duration::from_millis(500));
                Some(bar)
            }
            Self::Plain | Self::Silent => None,
        };
        let start = Instant::now();
        Stage {
            display: self,
            name: name.to_owned(),
            total,
            done: 0,
            skipped: 0,
            start,
            last_line: start,
            bar,
        }
    }
}

fn style(colour: bool) -> ProgressStyle {
    let template = if colour {
        "{prefix:.bold} [{bar:30.cyan}] {pos}/{len}  {msg}  {eta} left"
    } else {
        "{prefix} [{bar:30}] {pos}/{len}  {msg}  {eta} left"
    };
    ProgressStyle::with_template(template)
        .expect("the template is a constant")
        .progress_chars("=> ")
}

/// One stage of work, such as the evaluation.
pub(crate) struct Stage {
    display: Display,
    name: String,
    total: u64,
    done: u64,
    /// Of these, how many were done before this process began.
    skipped: u64,
    start: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Stage {
    /// Counts `steps` more, with the loss of the last one if there is one.
    pub(crate) fn advance(&mut self, steps: u64, loss: Option<f64>) {
        self.done += steps;
        if let Some(bar) = &self.bar {
            if let Some(loss) = loss {
                bar.set_message(format!("loss {loss:.4}"));
            }
            bar.inc(steps);
        } else if self.display == Display::Plain && self.last_line.elapsed() >= PLAIN_EVERY {
            self.last_line = Instant::now();
            note!("{}", self.plain_line(loss, self.start.elapsed()));
        }
    }

    /// Counts `steps` that an earlier process did: they say nothing about this one's pace.
    pub(crate) fn skip(&mut self, steps: u64) {
        self.done += steps;
        self.skipped += steps;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            bar.reset_eta();
        }
    }

    /// A line of text that does not tear the bar.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => self.display.line(text),
        }
    }

    /// Ends the stage with one line: its name, `result` and the time it took.
    pub(crate) fn finish(self, result: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let took = duration(self.start.elapsed());
        self.display
            .line(&format!("{}: {result} ({took})", self.name));
    }

    fn plain_line(&self, loss: Option<f64>, elapsed: Duration) -> String {
        let mut line = format!("{}: {}/{}", self.name, self.done, self.total);
        if let Some(loss) = loss {
            line.push_str(&format!(", loss {loss:.4}"));
        }
        if let Some(left) = time_left(self.done - self.skipped, self.total - self.skipped, elapsed)
        {
            line.push_str(&format!(", {} left", duration(left)));
        }
        line
    }
}

/// What remains at the pace so far; `None` before the first step.
fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let remaining = total.saturating_sub(done) as f64;
    (done > 0).then(|| elapsed.mul_f64(remaining / done as f64))
}

/// `9 s`, `3 min 20 s` or `2 h 5 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_for_terminals_only_and_quiet_wins() {
        assert_eq!(
            Display::choose(false, true, false),
            Display::Bar { colour: true }
        );
        assert_eq!(
            Display::choose(false, true, true),
            Display::Bar { colour: false }
        );
        assert_eq!(Display::choose(false, false, false), Display::Plain);
        assert_eq!(Display::choose(true, true, false), Display::Silent);
    }

    #[test]
    fn both_bar_styles_are_valid_templates() {
        style(true);
        style(false);
    }

    #[test]
    fn a_plain_line_tells_position_loss_and_time_left() {
        let mut stage = Display::Silent.stage("model", 40);
        stage.advance(10, None);
        assert_eq!(
            stage.plain_line(Some(1.25), Duration::from_secs(60)),
            "model: 10/40, loss 1.2500, 3 min 0 s left"
        );
    }

    #[test]
    fn steps_of_an_earlier_process_do_not_count_as_pace() {
        let mut stage = Display::Silent.stage("model", 50);
        stage.skip(10);
        stage.advance(10, None);
        assert_eq!(
            stage.plain_line(None, Duration::from_secs(60)),
            "model: 20/50, 3 min 0 s left"
        );
    }

    #[test]
    fn nothing_is_promised_before_the_first_step_and_nothing_is_left_after_the_last() {
        assert_eq!(time_left(0, 10, Duration::from_secs(5)), None);
        assert_eq!(
            time_left(10, 10, Duration::from_secs(5)),
            Some(Duration::ZERO)
        );
        assert_eq!(
            time_left(12, 10, Duration::from_secs(5)),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn durations_read_naturally() {
        for (seconds, text) in [(9, "9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }
}
