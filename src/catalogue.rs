//! `update-catalogue`: learn the models and their list prices anew.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use gateway::catalogue::{Catalogue, Changes, Cost, LARGEST, Update};
use gateway::upstream::SendError;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::args::UpdateCatalogue;
use crate::report::{Failure, Kind, Outcome};
use crate::term::{plain, say};
use crate::{env, store};

/// The public catalogue that many programs share.
const MODELS_DEV: &str = "https://models.dev/api.json";

/// Runs the command.
pub(crate) async fn run(path: &Path, args: UpdateCatalogue) -> Outcome {
    let data = store::data()?;
    let (source, json) = match args.from.as_deref() {
        None => fetch(path, args.no_proxy).await?,
        Some(file) if file == Path::new("-") => {
            let json = read(io::stdin().lock());
            (
                "stdin".to_owned(),
                json.map_err(|error| unread("stdin", &error))?,
            )
        }
        Some(file) => {
            let source = file.display().to_string();
            let json = File::open(file).and_then(read);
            let json = json.map_err(|error| unread(&source, &error))?;
            (source, json)
        }
    };
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    take_up(&data, &source, &json, today)
}

/// Keeps what is new, and says what that is.
fn take_up(data: &Path, source: &str, json: &[u8], today: Date) -> Outcome {
    let update = Update::read(json, today).map_err(|why| {
        Failure::new(format_args!("{source}: {why}")).hint(
            "a catalogue has the form of https://models.dev/api.json, \
             or of the program's own: a `version` and the `models`",
        )
    })?;
    let vendored = Catalogue::vendored();
    let updated = update.catalogue;
    if updated.version < vendored.version {
        return Err(Failure::new(format_args!(
            "{source}: it is of {}, and the program's own catalogue is of {}",
            updated.version, vendored.version
        ))
        .hint("take a newer one, or set its `version` to the day on which you went through it"));
    }
    let before = Catalogue::read(data);
    updated.write(data)?;
    let after = vendored.under(updated);
    if update.odd > 0 {
        say(format_args!(
            "note: {} of the entries cannot be read, and {} passed over",
            update.odd,
            if update.odd == 1 { "is" } else { "are" }
        ));
    }
    tell(&after, &after.changes_since(&before));
    Ok(())
}

fn tell(catalogue: &Catalogue, changes: &Changes) {
    let models = format_args!("{} models", catalogue.len()).to_string();
    let day = catalogue.version;
    if changes.is_empty() {
        say(format_args!(
            "the catalogue is of {day} now: {models}, and nothing has changed"
        ));
        return;
    }
    let counts = [
        (changes.new, "new"),
        (changes.gone, "gone"),
        (changes.prices.len(), "with another price"),
        (changes.other, "with other capabilities, limits or names"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    say(format_args!(
        "the catalogue is of {day} now: {models}, {}; a running server follows at its next start",
        counts.join(", ")
    ));
    let shown = &changes.prices[..changes.prices.len().min(MOST_PRICES)];
    if !shown.is_empty() {
        say(format_args!("prices in US dollars for a million tokens:"));
    }
    for price in shown {
        say(format_args!(
            "  {}: {} → {}",
            plain(&price.model),
            in_words(price.old.as_ref()),
            in_words(price.new.as_ref())
        ));
    }
    let more = changes.prices.len() - shown.len();
    if more > 0 {
        say(format_args!("  and {more} more"));
    }
}

fn in_words(cost: Option<&Cost>) -> String {
    let Some(cost) = cost else {
        return "not known".into();
    };
    let kinds = [
        (cost.input, "in"),
        (cost.cached_input, "cached"),
        (cost.cache_write, "to cache"),
        (cost.output, "out"),
    ];
    let prices = kinds.iter();
    let prices: Vec<String> = prices
        .filter_map(|(price, kind)| Some(format!("{} {kind}", (*price)?)))
        .collect();
    if prices.is_empty() {
        return "not known".into();
    }
    prices.join(", ")
}

/// Asks models.dev, or who stands in for it, and tells who was asked.
async fn fetch(path: &Path, no_proxy: bool) -> Result<(String, Vec<u8>), Failure> {
    let config = store::read(path, no_proxy)?;
    let url = store::url(env::CATALOGUE_URL)?.unwrap_or_else(|| MODELS_DEV.to_owned());
    let uri: Uri = url
        .parse()
        .map_err(|error| Failure::of(Kind::Config, format_args!("{url}: {error}")))?;
    let mut request = Request::new(Default::default());
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let http = store::client(&config);
    let (status, _, body) = http
        .fetch_up_to(LARGEST as usize, request, PATIENCE)
        .await
        .map_err(|error: SendError| Failure::from(error).hint(OTHER_WAYS))?;
    if !status.is_success() {
        let failure = format_args!("{url} answered {status}");
        return Err(Failure::of(Kind::Network, failure).hint(OTHER_WAYS));
    }
    Ok((url, body.into()))
}

fn read(input: impl Read) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    let length = input.take(LARGEST + 1).read_to_end(&mut json)?;
    if length as u64 > LARGEST {
        let most = LARGEST >> 20;
        return Err(io::Error::other(format!("it is larger than {most} MiB")));
    }
    Ok(json)
}

fn unread(source: &str, error: &io::Error) -> Failure {
    Failure::new(format_args!("cannot read {source}: {error}")).hint(
        "name a file with --from FILE, pipe one in with --from -, \
         or leave --from out to ask models.dev",
    )
}

const OTHER_WAYS: &str = "check the network and the outbound proxy (`tokn-router config get proxy.url`, --no-proxy), \
     or fetch https://models.dev/api.json elsewhere and name it with --from FILE";

const AGENT: &str = concat!("tokn-router/", env!("CARGO_PKG_VERSION"));

/// From the request to the last byte of some megabytes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A person reads no more.
const MOST_PRICES: usize = 16;
