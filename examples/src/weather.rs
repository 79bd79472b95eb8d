//! Real input, a typed output, and a task that enqueues others.
//!
//! In: four years of daily weather in Seattle, as comma-separated values. Out: a table with a row a month.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tasker::task;

/// The data that comes with the examples; `data/README.md` says where it is from.
const SEATTLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/seattle-weather.csv");

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Report a year's weather, a row a month.
///
/// Days, total precipitation, mean of the daily highs, lowest low, and the commonest weather. Runs by itself every
/// morning at six in Seattle.
#[task(
    schedule("daily 06:00", params(year = 2015)),
    tz = "America/Los_Angeles"
)]
fn weather_report(
    /// The year to report.
    year: i32,
    /// The file to read.
    #[param(default = SEATTLE)]
    file: PathBuf,
) -> anyhow::Result<Report> {
    let days = read(&file)?;
    let months = months(days.iter().filter(|day| day.year == year));
    if months.is_empty() {
        let years: Vec<_> = years(&days).iter().map(i32::to_string).collect();
        bail!(
            "{} has no day of {year}; it has {}",
            file.display(),
            years.join(", ")
        );
    }
    Ok(Report { year, months })
}

/// Enqueue a report for each year in the file.
#[task]
async fn weather_all(
    /// The file to read.
    #[param(default = SEATTLE)]
    file: PathBuf,
) -> anyhow::Result<Enqueued> {
    let years = years(&read(&file)?);
    let params = years
        .iter()
        .map(|year| WeatherReportParams::new(*year).file(&file));
    let jobs = WeatherReport::enqueue_many(params).await?;
    Ok(Enqueued {
        years,
        jobs: jobs.iter().map(|job| job.number()).collect(),
    })
}

/// A year's weather.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    year: i32,
    months: Vec<Month>,
}

/// A month's weather.
#[derive(Debug, Serialize, Deserialize)]
struct Month {
    /// Its number, from 1.
    month: usize,
    /// Days with a row in the file.
    days: usize,
    /// In all, in millimetres.
    precipitation: f64,
    /// The mean of the daily highs, in degrees Celsius.
    mean_high: f64,
    /// In degrees Celsius.
    lowest_low: f64,
    /// The commonest kind; of equally common ones the first by name.
    weather: String,
}

/// What `weather-all` put into the queue.
#[derive(Debug, Serialize, Deserialize)]
struct Enqueued {
    years: Vec<i32>,
    jobs: Vec<i64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<10} {:>4} {:>13} {:>10} {:>10}  weather",
            self.year, "days", "precipitation", "mean high", "lowest low"
        )?;
        for month in &self.months {
            write!(
                f,
                "\n{:<10} {:>4} {:>10.1} mm {:>7.2} °C {:>7.1} °C  {}",
                MONTHS.get(month.month - 1).copied().unwrap_or("?"),
                month.days,
                month.precipitation,
                month.mean_high,
                month.lowest_low,
                month.weather
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Enqueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (year, job)) in self.years.iter().zip(&self.jobs).enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{year}: job {job}")?;
        }
        Ok(())
    }
}

/// One day, as the file has it.
#[derive(Debug, Deserialize)]
struct Row {
    date: String,
    precipitation: f64,
    temp_max: f64,
    temp_min: f64,
    weather: String,
}

#[derive(Debug)]
struct Day {
    year: i32,
    month: usize,
    row: Row,
}

fn read(file: &Path) -> anyhow::Result<Vec<Day>> {
    let mut reader =
        csv::Reader::from_path(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut days = Vec::new();
    for row in reader.deserialize() {
        let row: Row = row.with_context(|| format!("{} has a broken row", file.display()))?;
        let (year, month) = date(&row.date).with_context(|| {
            let line = days.len() + 2;
            format!(
                "{} has a broken row: line {line}: `{}` is not a date like 2012/01/31",
                file.display(),
                row.date
            )
        })?;
        days.push(Day { year, month, row });
    }
    Ok(days)
}

/// The year and the month of a date like `2012/01/31`.
fn date(text: &str) -> Option<(i32, usize)> {
    let mut parts = text.split('/');
    let year = parts.next()?.parse().ok()?;
    let month = parts
        .next()?
        .parse()
        .ok()
        .filter(|month| (1..=12).contains(month))?;
    let day: u32 = parts.next()?.parse().ok()?;
    ((1..=31).contains(&day) && parts.next().is_none()).then_some((year, month))
}

fn years(days: &[Day]) -> Vec<i32> {
    let mut years: Vec<_> = days.iter().map(|day| day.year).collect();
    years.sort_unstable();
    years.dedup();
    years
}

fn months<'a>(days: impl Iterator<Item = &'a Day>) -> Vec<Month> {
    let mut by_month: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
    for day in days {
        by_month.entry(day.month).or_default().push(&day.row);
    }
    by_month
        .into_iter()
        .map(|(number, rows)| month(number, &rows))
        .collect()
}

fn month(month: usize, rows: &[&Row]) -> Month {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *kinds.entry(&row.weather).or_default() += 1;
    }
    // `max_by_key` takes the last of equals, and the map is in order: reversed, that is the first by name.
    let commonest = kinds.iter().rev().max_by_key(|(_, days)| **days);
    Month {
        month,
        days: rows.len(),
        precipitation: rows.iter().map(|row| row.precipitation).sum(),
        mean_high: rows.iter().map(|row| row.temp_max).sum::<f64>() / rows.len() as f64,
        lowest_low: rows
            .iter()
            .map(|row| row.temp_min)
            .fold(f64::INFINITY, f64::min),
        weather: commonest
            .map(|(kind, _)| (*kind).to_owned())
            .unwrap_or_default(),
    }
}
