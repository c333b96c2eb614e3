//! Cities that networks, offices and trips are placed in.
//!
//! One city per IANA time zone is enough: a rule needs a country, a zone and coordinates that give
//! plausible distances. Coordinates are rounded to a tenth of a degree.

/// One city of the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct City {
    /// Name.
    pub name: &'static str,
    /// ISO 3166 country.
    pub country: &'static str,
    /// IANA time zone.
    pub time_zone: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

const fn city(
    name: &'static str,
    country: &'static str,
    time_zone: &'static str,
    latitude: f64,
    longitude: f64,
) -> City {
    City {
        name,
        country,
        time_zone,
        latitude,
        longitude,
    }
}

/// All cities; the order is part of the output, so append only.
pub const CITIES: &[City] = &[
    city("Berlin", "DE", "Europe/Berlin", 52.5, 13.4),
    city("London", "GB", "Europe/London", 51.5, -0.1),
    city("Paris", "FR", "Europe/Paris", 48.9, 2.4),
    city("Madrid", "ES", "Europe/Madrid", 40.4, -3.7),
    city("Lisbon", "PT", "Europe/Lisbon", 38.7, -9.1),
    city("Dublin", "IE", "Europe/Dublin", 53.3, -6.3),
    city("Amsterdam", "NL", "Europe/Amsterdam", 52.4, 4.9),
    city("Brussels", "BE", "Europe/Brussels", 50.8, 4.4),
    city("Zurich", "CH", "Europe/Zurich", 47.4, 8.5),
    city("Vienna", "AT", "Europe/Vienna", 48.2, 16.4),
    city("Prague", "CZ", "Europe/Prague", 50.1, 14.4),
    city("Warsaw", "PL", "Europe/Warsaw", 52.2, 21.0),
    city("Rome", "IT", "Europe/Rome", 41.9, 12.5),
    city("Copenhagen", "DK", "Europe/Copenhagen", 55.7, 12.6),
    city("Stockholm", "SE", "Europe/Stockholm", 59.3, 18.1),
    city("Oslo", "NO", "Europe/Oslo", 59.9, 10.8),
    city("Helsinki", "FI", "Europe/Helsinki", 60.2, 24.9),
    city("Athens", "GR", "Europe/Athens", 38.0, 23.7),
    city("Bucharest", "RO", "Europe/Bucharest", 44.4, 26.1),
    city("Istanbul", "TR", "Europe/Istanbul", 41.0, 29.0),
    city("New York", "US", "America/New_York", 40.7, -74.0),
    city("Chicago", "US", "America/Chicago", 41.9, -87.6),
    city("Denver", "US", "America/Denver", 39.7, -105.0),
    city("Los Angeles", "US", "America/Los_Angeles", 34.1, -118.2),
    city("Toronto", "CA", "America/Toronto", 43.7, -79.4),
    city("Vancouver", "CA", "America/Vancouver", 49.3, -123.1),
    city("Mexico City", "MX", "America/Mexico_City", 19.4, -99.1),
    city("Bogota", "CO", "America/Bogota", 4.7, -74.1),
    city("Lima", "PE", "America/Lima", -12.0, -77.0),
    city("Santiago", "CL", "America/Santiago", -33.5, -70.7),
    city("Sao Paulo", "BR", "America/Sao_Paulo", -23.6, -46.6),
    city(
        "Buenos Aires",
        "AR",
        "America/Argentina/Buenos_Aires",
        -34.6,
        -58.4,
    ),
    city("Casablanca", "MA", "Africa/Casablanca", 33.6, -7.6),
    city("Lagos", "NG", "Africa/Lagos", 6.5, 3.4),
    city("Cairo", "EG", "Africa/Cairo", 30.0, 31.2),
    city("Nairobi", "KE", "Africa/Nairobi", -1.3, 36.8),
    city("Johannesburg", "ZA", "Africa/Johannesburg", -26.2, 28.0),
    city("Tel Aviv", "IL", "Asia/Jerusalem", 32.1, 34.8),
    city("Dubai", "AE", "Asia/Dubai", 25.2, 55.3),
    city("Mumbai", "IN", "Asia/Kolkata", 19.1, 72.9),
    city("Bangkok", "TH", "Asia/Bangkok", 13.8, 100.5),
    city("Jakarta", "ID", "Asia/Jakarta", -6.2, 106.8),
    city("Singapore", "SG", "Asia/Singapore", 1.4, 103.8),
    city("Hong Kong", "HK", "Asia/Hong_Kong", 22.3, 114.2),
    city("Taipei", "TW", "Asia/Taipei", 25.0, 121.6),
    city("Manila", "PH", "Asia/Manila", 14.6, 121.0),
    city("Seoul", "KR", "Asia/Seoul", 37.6, 127.0),
    city("Tokyo", "JP", "Asia/Tokyo", 35.7, 139.7),
    city("Perth", "AU", "Australia/Perth", -32.0, 115.9),
    city("Sydney", "AU", "Australia/Sydney", -33.9, 151.2),
    city("Auckland", "NZ", "Pacific/Auckland", -36.8, 174.8),
];

/// Index of the city of a time zone, if the table has one.
#[must_use]
pub fn city_of_zone(time_zone: &str) -> Option<usize> {
    CITIES.iter().position(|city| city.time_zone == time_zone)
}

/// Indices of all cities, nearest to `origin` first, `origin` itself included.
#[must_use]
pub fn nearest(origin: usize) -> Vec<usize> {
    let Some(center) = CITIES.get(origin) else {
        return (0..CITIES.len()).collect();
    };
    let distance = |index: &usize| {
        let city = &CITIES[*index];
        distance_km(
            (center.latitude, center.longitude),
            (city.latitude, city.longitude),
        )
    };
    let mut order: Vec<usize> = (0..CITIES.len()).collect();
    order.sort_by(|a, b| distance(a).total_cmp(&distance(b)).then(a.cmp(b)));
    order
}

/// Great-circle distance in kilometres between two points of (latitude, longitude) in degrees.
#[must_use]
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0;
    let (latitude_a, latitude_b) = (from.0.to_radians(), to.0.to_radians());
    let half_latitude = libm::sin((latitude_b - latitude_a) / 2.0);
    let half_longitude = libm::sin((to.1 - from.1).to_radians() / 2.0);
    let chord = half_latitude * half_latitude
        + libm::cos(latitude_a) * libm::cos(latitude_b) * half_longitude * half_longitude;
    2.0 * EARTH_RADIUS_KM * libm::asin(libm::sqrt(chord.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn berlin_to_new_york_is_about_6400_km() {
        let (berlin, new_york) = (&CITIES[0], &CITIES[20]);
        let distance = distance_km(
            (berlin.latitude, berlin.longitude),
            (new_york.latitude, new_york.longitude),
        );
        assert!((6300.0..6500.0).contains(&distance), "{distance}");
    }

    #[test]
    fn every_zone_is_known_to_the_time_zone_library() {
        for city in CITIES {
            assert!(
                jiff::tz::TimeZone::get(city.time_zone).is_ok(),
                "{}",
                city.time_zone
            );
        }
    }

    #[test]
    fn the_nearest_city_is_the_city_itself() {
        assert_eq!(nearest(3)[0], 3);
        assert_eq!(nearest(3)[1], 4);
    }
}
