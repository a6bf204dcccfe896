mod corpora_reading;
mod front_matter;
