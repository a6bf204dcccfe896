mod config;
mod corpora_reading;
mod front_matter;
mod sources;
