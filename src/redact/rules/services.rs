//! Tokens of messaging, payment and monitoring services.

use crate::redact::rule::{Rule, anywhere, token};
use crate::redact::shape::{has_digit, is_mixed, is_random};

/// The rules.
pub static RULES: &[Rule] = &[
    token(
        "slack-token",
        "Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-", "xoxe", "xapp-", "xwfp-"],
        r"\A(?:xox[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9%/+-]{20,}|xapp-[0-9]-[A-Za-z0-9-]{20,}|xwfp-[A-Za-z0-9-]{20,})",
    )
    .only_if(has_digit),
    anywhere(
        "slack-webhook",
        "path of a Slack webhook",
        &["hooks.slack.com/", "hooks.slack-gov.com/"],
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_+-]{20,})",
    ),
    anywhere(
        "discord-webhook",
        "path of a Discord webhook",
        &["/api/webhooks/"],
        r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/([0-9]{15,20}/[A-Za-z0-9_-]{40,})",
    ),
    anywhere(
        "discord-token",
        "Discord bot token",
        &["discord", "client.login", "bot_token"],
        r"\b[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
    )
    .only_if(is_mixed),
    anywhere(
        "teams-webhook",
        "path of a Microsoft Teams webhook",
        &[".webhook.office.com/"],
        r"webhook\.office\.com/webhookb2/([A-Za-z0-9@/-]{60,})",
    ),
    anywhere(
        "zapier-webhook",
        "path of a Zapier webhook",
        &["hooks.zapier.com/"],
        r"hooks\.zapier\.com/hooks/catch/([0-9]+/[A-Za-z0-9]{4,})",
    ),
    anywhere(
        "telegram-token",
        "Telegram bot token",
        &[":AA"],
        r"(?:\b|bot)([0-9]{8,10}:AA[A-Za-z0-9_-]{32,34})",
    ),
    token("twilio-key", "Twilio API key", &["SK"], r"\ASK[0-9a-f]{32}"),
    token(
        "sendgrid-key",
        "SendGrid API key",
        &["SG."],
        r"\ASG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",
    ),
    token("mailgun-key", "Mailgun API key", &["key-"], r"\Akey-[0-9a-f]{32}"),
    anywhere(
        "mailgun-key",
        "Mailgun API key",
        &["mailgun"],
        r"\b[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
    ),
    anywhere(
        "mailchimp-key",
        "Mailchimp API key",
        &["-us"],
        r"\b[0-9a-f]{32}-us[0-9]{1,2}\b",
    ),
    token(
        "brevo-key",
        "Brevo API or SMTP key",
        &["xkeysib-", "xsmtpsib-"],
        r"\Ax(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}",
    ),
    token("resend-key", "Resend API key", &["re_"], r"\Are_[A-Za-z0-9]{8,}_[A-Za-z0-9]{20,}")
        .only_if(is_random),
    anywhere(
        "firebase-server-key",
        "Firebase Cloud Messaging server key",
        &[":APA91"],
        r"AAAA[A-Za-z0-9_-]{7}:APA91[A-Za-z0-9_-]{100,}",
    ),
    token(
        "stripe-key",
        "Stripe, or Clerk, secret or restricted key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "sk_org_"],
        r"\A(?:[sr]k_(?:live|test|org)_(?:live_|test_)?[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,}=*)",
    )
    .only_if(has_digit),
    token(
        "square-token",
        "Square access token or secret",
        &["sq0atp-", "sq0csp-", "EAAA"],
        r"\A(?:(sq0(?:atp|csp)-[A-Za-z0-9_-]{22,})|(EAAA[A-Za-z0-9_-]{60})(?:[^A-Za-z0-9_-]|\z))",
    )
    .only_if(has_digit),
    token(
        "facebook-token",
        "Facebook access token",
        &["EAA"],
        r"\AEAA[A-Za-z0-9]{90,}",
    )
    .only_if(is_mixed),
    token(
        "paypal-token",
        "PayPal or Braintree access token",
        &["access_token$"],
        r"\Aaccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32}",
    ),
    token(
        "shopify-token",
        "Shopify token or secret",
        &["shpat_", "shpca_", "shppa_", "shpss_", "shpua_"],
        r"\Ashp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}",
    ),
    token(
        "plaid-token",
        "Plaid access token",
        &["access-sandbox-", "access-development-", "access-production-"],
        r"\Aaccess-[a-z]+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token(
        "flutterwave-key",
        "Flutterwave secret key",
        &["FLWSECK"],
        r"\AFLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,}(?:-X)?",
    ),
    token("easypost-key", "EasyPost API key", &["EZAK", "EZTK"], r"\AEZ[AT]K[A-Za-z0-9]{54}"),
    token(
        "shippo-token",
        "Shippo API token",
        &["shippo_live_", "shippo_test_"],
        r"\Ashippo_(?:live|test)_[0-9a-f]{40}",
    ),
    token(
        "duffel-token",
        "Duffel API token",
        &["duffel_live_", "duffel_test_"],
        r"\Aduffel_(?:live|test)_[A-Za-z0-9_-]{40,}",
    ),
    token("dropbox-token", "Dropbox access token", &["sl."], r"\Asl\.(?:u\.)?[A-Za-z0-9_-]{120,}"),
    token(
        "hubspot-token",
        "HubSpot private app token",
        &["pat-na", "pat-eu", "pat-ap"],
        r"\Apat-[a-z]{2}[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("typeform-token", "Typeform token", &["tfp_"], r"\Atfp_[A-Za-z0-9_.=-]{44,}"),
    token("adafruit-key", "Adafruit IO key", &["aio_"], r"\Aaio_[A-Za-z0-9]{28}").only_if(has_digit),
    token("mapbox-token", "Mapbox secret token", &["sk.eyJ"], r"\Ask\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
    token("posthog-key", "PostHog personal API key", &["phx_"], r"\Aphx_[A-Za-z0-9]{36,}"),
    token(
        "sentry-token",
        "Sentry token",
        &["sntrys_", "sntryu_", "sntrya_"],
        r"\Asntry(?:s_eyJ[A-Za-z0-9+/=_-]{60,}|[ua]_[0-9a-f]{64})",
    ),
    token(
        "newrelic-key",
        "New Relic key",
        &["NRAK-", "NRII-", "NRSP-", "NRJS-", "NRAA-"],
        r"\ANR(?:AK|II|SP|JS|AA)-[A-Za-z0-9_-]{19,}",
    )
    .only_if(has_digit),
    anywhere(
        "newrelic-key",
        "New Relic licence key",
        &["NRAL"],
        r"\b(?:[a-z]{2}[0-9]{2}xx)?[0-9a-f]{30,36}(?:FFFF)?NRAL\b",
    ),
    token("datadog-key", "Datadog token", &["ddapp_", "ddpat_", "ddapi_"], r"\Add(?:app|pat|api)_[A-Za-z0-9]{30,}"),
    token(
        "grafana-token",
        "Grafana token or API key",
        &["glsa_", "glc_eyJ", "eyJrIjoi"],
        r"\A(?:glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}|glc_eyJ[A-Za-z0-9+/]{30,}=*|eyJrIjoi[A-Za-z0-9]{60,}=*)",
    ),
    token(
        "dynatrace-token",
        "Dynatrace token",
        &["dt0c01.", "dt0s01.", "dt0s02."],
        r"\Adt0[a-z][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}",
    ),
    token(
        "honeycomb-key",
        "Honeycomb key",
        &["hcaik_", "hcbik_", "hcalk_", "hcxik_", "hcxmk_", "hcamk_"],
        r"\Ahc[a-z][iml]k_[a-z0-9]{26,}",
    ),
];
