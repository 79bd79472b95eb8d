//! Time zones by name, for the compiler and for the runtime.
//!
//! The list is committed so that a constant can be checked against it; a test keeps it equal to the table of
//! the zone crate. Names are taken ignoring ASCII case and given back as the IANA database writes them.

use chrono_tz::Tz;

use crate::grammar::{Message, attempt, suggest};

/// Checks the name of a time zone, such as `Europe/London`, ignoring ASCII case.
///
/// # Errors
///
/// The text is no IANA name; the message has the nearest one.
///
/// ```
/// use tasker::schedule::check_zone;
///
/// const _: () = if let Err(message) = check_zone("Europe/London") {
///     panic!("{}", message.as_str())
/// };
/// assert!(check_zone("Europe/Lodnon").unwrap_err().as_str().contains("did you mean `Europe/London`"));
/// ```
pub const fn check_zone(name: &str) -> Result<(), Message> {
    match find(name) {
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// The name as the IANA database writes it: `europe/london` gives `Europe/London`.
///
/// # Errors
///
/// As [`check_zone`].
pub const fn canonical_zone(name: &str) -> Result<&'static str, Message> {
    Ok(NAMES[attempt!(find(name)) as usize])
}

/// The time zone of that name, ignoring ASCII case.
///
/// # Errors
///
/// As [`check_zone`].
///
/// ```
/// use tasker::schedule::zone;
///
/// assert_eq!(zone("asia/kathmandu").unwrap().name(), "Asia/Kathmandu");
/// ```
pub fn zone(name: &str) -> Result<Tz, Message> {
    find(name).map(by_index)
}

/// Where `name` stands in the list.
pub(super) const fn find(name: &str) -> Result<u16, Message> {
    if name.is_empty() {
        return Err(Message::new(
            "a time zone is missing: write an IANA name such as `Europe/London` or `UTC`",
        ));
    }
    let (mut low, mut high) = (0, NAMES.len());
    while low < high {
        let middle = (low + high) / 2;
        match order(name.as_bytes(), NAMES[middle].as_bytes()) {
            0 => return Ok(middle as u16),
            1 => low = middle + 1,
            _ => high = middle,
        }
    }
    let message = Message::new("")
        .quote(name)
        .text(" is not a time zone")
        .suggest(near(name));
    Err(message.text("write an IANA name such as `Europe/London` or `UTC`"))
}

/// The name at a place that [`find`] gave.
pub(super) const fn name_at(index: u16) -> &'static str {
    NAMES[index as usize]
}

/// The zone at a place that [`find`] gave.
pub(super) fn by_index(index: u16) -> Tz {
    name_at(index)
        .parse()
        .expect("the list holds only names of the zone crate, which a test proves")
}

/// The zone meant: a near miss, or the one whose last part was given alone, as in `London`.
const fn near(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < NAMES.len() {
        let zone = NAMES[at].as_bytes();
        if zone.len() > bytes.len() && zone[zone.len() - bytes.len() - 1] == b'/' {
            let (_, last) = zone.split_at(zone.len() - bytes.len());
            if order(last, bytes) == 0 {
                return Some(NAMES[at]);
            }
        }
        at += 1;
    }
    suggest::closest(name, &NAMES)
}

/// 0 where the two are the same but for ASCII case, 1 where `a` comes after `b`, 2 where it comes before.
const fn order(a: &[u8], b: &[u8]) -> u8 {
    let mut at = 0;
    while at < a.len() && at < b.len() {
        let (x, y) = (a[at].to_ascii_lowercase(), b[at].to_ascii_lowercase());
        if x != y {
            return if x > y { 1 } else { 2 };
        }
        at += 1;
    }
    if a.len() == b.len() {
        0
    } else if a.len() > b.len() {
        1
    } else {
        2
    }
}

const COUNT: usize = 597;

static NAMES: [&str; COUNT] = {
    let mut names = [""; COUNT];
    let mut cursor = crate::grammar::cursor::Cursor::new(LIST);
    let mut at = 0;
    while at < COUNT {
        names[at] = cursor.word();
        at += 1;
    }
    names
};

/// Every name, in the order of their lower-case forms.
const LIST: &str = "\
Africa/Abidjan Africa/Accra Africa/Addis_Ababa Africa/Algiers Africa/Asmara Africa/Asmera Africa/Bamako \
Africa/Bangui Africa/Banjul Africa/Bissau Africa/Blantyre Africa/Brazzaville Africa/Bujumbura Africa/Cairo \
Africa/Casablanca Africa/Ceuta Africa/Conakry Africa/Dakar Africa/Dar_es_Salaam Africa/Djibouti Africa/Douala \
Africa/El_Aaiun Africa/Freetown Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba Africa/Kampala \
Africa/Khartoum Africa/Kigali Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Lome Africa/Luanda \
Africa/Lubumbashi Africa/Lusaka Africa/Malabo Africa/Maputo Africa/Maseru Africa/Mbabane Africa/Mogadishu \
Africa/Monrovia Africa/Nairobi Africa/Ndjamena Africa/Niamey Africa/Nouakchott Africa/Ouagadougou Africa/Porto-Novo \
Africa/Sao_Tome Africa/Timbuktu Africa/Tripoli Africa/Tunis Africa/Windhoek America/Adak America/Anchorage \
America/Anguilla America/Antigua America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca \
America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja \
America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan \
America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia America/Aruba America/Asuncion \
America/Atikokan America/Atka America/Bahia America/Bahia_Banderas America/Barbados America/Belem America/Belize \
America/Blanc-Sablon America/Boa_Vista America/Bogota America/Boise America/Buenos_Aires America/Cambridge_Bay \
America/Campo_Grande America/Cancun America/Caracas America/Catamarca America/Cayenne America/Cayman America/Chicago \
America/Chihuahua America/Ciudad_Juarez America/Coral_Harbour America/Cordoba America/Costa_Rica America/Coyhaique \
America/Creston America/Cuiaba America/Curacao America/Danmarkshavn America/Dawson America/Dawson_Creek \
America/Denver America/Detroit America/Dominica America/Edmonton America/Eirunepe America/El_Salvador \
America/Ensenada America/Fort_Nelson America/Fort_Wayne America/Fortaleza America/Glace_Bay America/Godthab \
America/Goose_Bay America/Grand_Turk America/Grenada America/Guadeloupe America/Guatemala America/Guayaquil \
America/Guyana America/Halifax America/Havana America/Hermosillo America/Indiana/Indianapolis America/Indiana/Knox \
America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Tell_City America/Indiana/Vevay \
America/Indiana/Vincennes America/Indiana/Winamac America/Indianapolis America/Inuvik America/Iqaluit \
America/Jamaica America/Jujuy America/Juneau America/Kentucky/Louisville America/Kentucky/Monticello America/Knox_IN \
America/Kralendijk America/La_Paz America/Lima America/Los_Angeles America/Louisville America/Lower_Princes \
America/Maceio America/Managua America/Manaus America/Marigot America/Martinique America/Matamoros America/Mazatlan \
America/Mendoza America/Menominee America/Merida America/Metlakatla America/Mexico_City America/Miquelon \
America/Moncton America/Monterrey America/Montevideo America/Montreal America/Montserrat America/Nassau \
America/New_York America/Nipigon America/Nome America/Noronha America/North_Dakota/Beulah \
America/North_Dakota/Center America/North_Dakota/New_Salem America/Nuuk America/Ojinaga America/Panama \
America/Pangnirtung America/Paramaribo America/Phoenix America/Port-au-Prince America/Port_of_Spain \
America/Porto_Acre America/Porto_Velho America/Puerto_Rico America/Punta_Arenas America/Rainy_River \
America/Rankin_Inlet America/Recife America/Regina America/Resolute America/Rio_Branco America/Rosario \
America/Santa_Isabel America/Santarem America/Santiago America/Santo_Domingo America/Sao_Paulo America/Scoresbysund \
America/Shiprock America/Sitka America/St_Barthelemy America/St_Johns America/St_Kitts America/St_Lucia \
America/St_Thomas America/St_Vincent America/Swift_Current America/Tegucigalpa America/Thule America/Thunder_Bay \
America/Tijuana America/Toronto America/Tortola America/Vancouver America/Virgin America/Whitehorse America/Winnipeg \
America/Yakutat America/Yellowknife Antarctica/Casey Antarctica/Davis Antarctica/DumontDUrville Antarctica/Macquarie \
Antarctica/Mawson Antarctica/McMurdo Antarctica/Palmer Antarctica/Rothera Antarctica/South_Pole Antarctica/Syowa \
Antarctica/Troll Antarctica/Vostok Arctic/Longyearbyen Asia/Aden Asia/Almaty Asia/Amman Asia/Anadyr Asia/Aqtau \
Asia/Aqtobe Asia/Ashgabat Asia/Ashkhabad Asia/Atyrau Asia/Baghdad Asia/Bahrain Asia/Baku Asia/Bangkok Asia/Barnaul \
Asia/Beirut Asia/Bishkek Asia/Brunei Asia/Calcutta Asia/Chita Asia/Choibalsan Asia/Chongqing Asia/Chungking \
Asia/Colombo Asia/Dacca Asia/Damascus Asia/Dhaka Asia/Dili Asia/Dubai Asia/Dushanbe Asia/Famagusta Asia/Gaza \
Asia/Harbin Asia/Hebron Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Hovd Asia/Irkutsk Asia/Istanbul Asia/Jakarta \
Asia/Jayapura Asia/Jerusalem Asia/Kabul Asia/Kamchatka Asia/Karachi Asia/Kashgar Asia/Kathmandu Asia/Katmandu \
Asia/Khandyga Asia/Kolkata Asia/Krasnoyarsk Asia/Kuala_Lumpur Asia/Kuching Asia/Kuwait Asia/Macao Asia/Macau \
Asia/Magadan Asia/Makassar Asia/Manila Asia/Muscat Asia/Nicosia Asia/Novokuznetsk Asia/Novosibirsk Asia/Omsk \
Asia/Oral Asia/Phnom_Penh Asia/Pontianak Asia/Pyongyang Asia/Qatar Asia/Qostanay Asia/Qyzylorda Asia/Rangoon \
Asia/Riyadh Asia/Saigon Asia/Sakhalin Asia/Samarkand Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Srednekolymsk \
Asia/Taipei Asia/Tashkent Asia/Tbilisi Asia/Tehran Asia/Tel_Aviv Asia/Thimbu Asia/Thimphu Asia/Tokyo Asia/Tomsk \
Asia/Ujung_Pandang Asia/Ulaanbaatar Asia/Ulan_Bator Asia/Urumqi Asia/Ust-Nera Asia/Vientiane Asia/Vladivostok \
Asia/Yakutsk Asia/Yangon Asia/Yekaterinburg Asia/Yerevan Atlantic/Azores Atlantic/Bermuda Atlantic/Canary \
Atlantic/Cape_Verde Atlantic/Faeroe Atlantic/Faroe Atlantic/Jan_Mayen Atlantic/Madeira Atlantic/Reykjavik \
Atlantic/South_Georgia Atlantic/St_Helena Atlantic/Stanley Australia/ACT Australia/Adelaide Australia/Brisbane \
Australia/Broken_Hill Australia/Canberra Australia/Currie Australia/Darwin Australia/Eucla Australia/Hobart \
Australia/LHI Australia/Lindeman Australia/Lord_Howe Australia/Melbourne Australia/North Australia/NSW \
Australia/Perth Australia/Queensland Australia/South Australia/Sydney Australia/Tasmania Australia/Victoria \
Australia/West Australia/Yancowinna Brazil/Acre Brazil/DeNoronha Brazil/East Brazil/West Canada/Atlantic \
Canada/Central Canada/Eastern Canada/Mountain Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon \
CET Chile/Continental Chile/EasterIsland CST6CDT Cuba EET Egypt Eire EST EST5EDT Etc/GMT Etc/GMT+0 Etc/GMT+1 \
Etc/GMT+10 Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 Etc/GMT+8 Etc/GMT+9 \
Etc/GMT-0 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4 Etc/GMT-5 \
Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 Etc/GMT-9 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/Universal Etc/UTC Etc/Zulu \
Europe/Amsterdam Europe/Andorra Europe/Astrakhan Europe/Athens Europe/Belfast Europe/Belgrade Europe/Berlin \
Europe/Bratislava Europe/Brussels Europe/Bucharest Europe/Budapest Europe/Busingen Europe/Chisinau Europe/Copenhagen \
Europe/Dublin Europe/Gibraltar Europe/Guernsey Europe/Helsinki Europe/Isle_of_Man Europe/Istanbul Europe/Jersey \
Europe/Kaliningrad Europe/Kiev Europe/Kirov Europe/Kyiv Europe/Lisbon Europe/Ljubljana Europe/London \
Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Mariehamn Europe/Minsk Europe/Monaco Europe/Moscow \
Europe/Nicosia Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Riga Europe/Rome Europe/Samara \
Europe/San_Marino Europe/Sarajevo Europe/Saratov Europe/Simferopol Europe/Skopje Europe/Sofia Europe/Stockholm \
Europe/Tallinn Europe/Tirane Europe/Tiraspol Europe/Ulyanovsk Europe/Uzhgorod Europe/Vaduz Europe/Vatican \
Europe/Vienna Europe/Vilnius Europe/Volgograd Europe/Warsaw Europe/Zagreb Europe/Zaporozhye Europe/Zurich GB GB-Eire \
GMT GMT+0 GMT-0 GMT0 Greenwich Hongkong HST Iceland Indian/Antananarivo Indian/Chagos Indian/Christmas Indian/Cocos \
Indian/Comoro Indian/Kerguelen Indian/Mahe Indian/Maldives Indian/Mauritius Indian/Mayotte Indian/Reunion Iran \
Israel Jamaica Japan Kwajalein Libya MET Mexico/BajaNorte Mexico/BajaSur Mexico/General MST MST7MDT Navajo NZ \
NZ-CHAT Pacific/Apia Pacific/Auckland Pacific/Bougainville Pacific/Chatham Pacific/Chuuk Pacific/Easter \
Pacific/Efate Pacific/Enderbury Pacific/Fakaofo Pacific/Fiji Pacific/Funafuti Pacific/Galapagos Pacific/Gambier \
Pacific/Guadalcanal Pacific/Guam Pacific/Honolulu Pacific/Johnston Pacific/Kanton Pacific/Kiritimati Pacific/Kosrae \
Pacific/Kwajalein Pacific/Majuro Pacific/Marquesas Pacific/Midway Pacific/Nauru Pacific/Niue Pacific/Norfolk \
Pacific/Noumea Pacific/Pago_Pago Pacific/Palau Pacific/Pitcairn Pacific/Pohnpei Pacific/Ponape Pacific/Port_Moresby \
Pacific/Rarotonga Pacific/Saipan Pacific/Samoa Pacific/Tahiti Pacific/Tarawa Pacific/Tongatapu Pacific/Truk \
Pacific/Wake Pacific/Wallis Pacific/Yap Poland Portugal PRC PST8PDT ROC ROK Singapore Turkey UCT Universal US/Alaska \
US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii US/Indiana-Starke US/Michigan US/Mountain \
US/Pacific US/Samoa UTC W-SU WET Zulu";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_the_zone_crate() {
        let mut names: Vec<&str> = chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| zone.name())
            .collect();
        names.sort_by_key(|name| name.to_ascii_lowercase());
        assert_eq!(LIST.split_ascii_whitespace().collect::<Vec<_>>(), names);
        for name in names {
            assert_eq!(zone(name).expect(name).name(), name);
            assert_eq!(canonical_zone(&name.to_ascii_uppercase()), Ok(name));
        }
    }

    #[test]
    fn near_misses_are_named() {
        let error = |name: &str| zone(name).expect_err(name).to_string();
        assert!(
            error("Europe/Lodnon").contains("did you mean `Europe/London`?"),
            "{}",
            error("Europe/Lodnon")
        );
        assert!(error("London").contains("did you mean `Europe/London`?"));
        assert!(error("america/newyork").contains("did you mean `America/New_York`?"));
        assert!(error("").contains("missing"));
        assert!(!error("Atlantis/Centre_of_Town").contains("did you mean"));
    }

    /// A wrong name must not run into the compiler's limit for constants.
    const WRONG: Result<(), Message> = check_zone("Europe/Lodnon_and_its_quite_distant_suburbs");
    const MISSPELT: Result<&str, Message> = canonical_zone("Amerika/Argentina/Buenos_Airse");

    #[test]
    fn constants_check_zones() {
        assert!(WRONG.is_err());
        assert!(
            MISSPELT
                .expect_err("it is misspelt")
                .as_str()
                .contains("America/Argentina/Buenos_Aires")
        );
    }
}
