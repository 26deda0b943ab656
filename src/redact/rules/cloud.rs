//! Keys of clouds, hosts and secret stores.

use crate::redact::rule::{Rule, anywhere, token};
use crate::redact::shape::{has_digit, is_mixed};

/// The rules.
pub static RULES: &[Rule] = &[
    token(
        "aws-access-key-id",
        "AWS access key id",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        r"\AA(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}",
    ),
    anywhere(
        "aws-secret-key",
        "AWS secret access key beside its id",
        &["AKIA", "ASIA"],
        r#"A[KS]IA[A-Z2-7]{16}[\s,;:|"'\\/]{1,8}([A-Za-z0-9+/]{40})(?:[^A-Za-z0-9+/=]|\z)"#,
    )
    .least_entropy(4.0),
    token(
        "aws-session-token",
        "AWS session token",
        &["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"],
        r"\A[A-Za-z0-9+/%]{100,}=*",
    ),
    token(
        "aws-bedrock-key",
        "AWS Bedrock API key",
        &["ABSK", "bedrock-api-key-"],
        r"\A(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/]{100,}=*",
    ),
    anywhere(
        "url-signature",
        "signature or token of a pre-signed URL",
        &["sig=", "x-amz-signature=", "x-amz-security-token=", "x-goog-signature="],
        r"(?i)(?:[?&;]|\bamp;|\\u0026)(?:sig|x-amz-signature|x-amz-security-token|x-goog-signature)=([a-z0-9%+/_-]{32,}=*)",
    ),
    anywhere(
        "azure-key",
        "key of an Azure connection string",
        &["accountkey=", "sharedaccesskey=", "sharedsecret="],
        r"(?i)(?:account|sharedaccess)key=([a-z0-9+/%]{40,}=*)",
    ),
    anywhere(
        "azure-key",
        "Azure storage, Batch, Cosmos DB, API Management or Media key",
        &["+ASt", "+ABa", "+AMC", "ACDb", "APIM"],
        r"[A-Za-z0-9+/]{76}(?:ACDb|APIM|\+(?:ASt|ABa|AMC))[A-Za-z0-9+/]{5,6}={1,2}",
    )
    .least_entropy(4.0),
    anywhere(
        "azure-key",
        "Azure key for a bus, hub, relay, cache, registry, search or function",
        &["+ASb", "+AEh", "+ARm", "AIoT", "AzCa", "+ACR", "AzSe", "AzFu"],
        r"[A-Za-z0-9+/]{33}(?:AIoT|AzCa|\+(?:ASb|AEh|ARm))[A-P][A-Za-z0-9+/]{5}=|[A-Za-z0-9+/]{42}(?:AzSe|\+ACR)[A-D][A-Za-z0-9+/]{5}|[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]==",
    )
    .least_entropy(4.0),
    anywhere(
        "azure-key",
        "Azure DevOps or AI key",
        &["AZDO", "JQQJ99"],
        r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[A-Za-z0-9]{48,53}JQQJ99[A-Za-z0-9]{20,32}",
    )
    .least_entropy(4.0),
    anywhere(
        "azure-client-secret",
        "Microsoft Entra client secret",
        &["Q~"],
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    ),
    token("google-api-key", "Google API key", &["AIza"], r"\AAIza[A-Za-z0-9_-]{35}"),
    token("google-api-key", "Google API key", &["AQ.Ab"], r"\AAQ\.Ab[A-Za-z0-9_-]{40,}"),
    token(
        "google-oauth-secret",
        "Google OAuth client secret",
        &["GOCSPX-"],
        r"\AGOCSPX-[A-Za-z0-9_-]{24,}",
    ),
    token(
        "google-oauth-token",
        "Google OAuth access or refresh token",
        &["ya29.", "1//0"],
        r"\A(?:ya29\.[A-Za-z0-9_.-]{20,}|1//0[A-Za-z0-9_-]{40,})",
    ),
    token(
        "databricks-token",
        "Databricks personal access token",
        &["dapi", "dose"],
        r"\Ad(?:api|ose)[0-9a-f]{32}(?:-[0-9])?",
    ),
    token(
        "digitalocean-token",
        "DigitalOcean token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"\Ado[por]_v1_[0-9a-f]{64}",
    ),
    token(
        "cloudflare-token",
        "Cloudflare API token or key",
        &["cfut_", "cfat_", "cfk_"],
        r"\Acf(?:ut|at|k)_[A-Za-z0-9_-]{40,}",
    ),
    token(
        "cloudflare-token",
        "Cloudflare origin CA key",
        &["v1.0-"],
        r"\Av1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
    ),
    token("heroku-key", "Heroku API key", &["HRKU-"], r"\AHRKU-[A-Za-z0-9_-]{36,}"),
    token(
        "vercel-token",
        "Vercel token",
        &["vcp_", "vci_", "vca_", "vcr_", "vck_"],
        r"\Avc[piark]_[A-Za-z0-9]{24,}",
    ),
    token(
        "netlify-token",
        "Netlify token",
        &["nfp_", "nfc_", "nfo_", "nfu_", "nfb_"],
        r"\Anf[pcoub]_[A-Za-z0-9]{36,}",
    ),
    token(
        "fly-token",
        "Fly.io token",
        &["fo1_", "fm1r_", "fm1a_", "fm2_"],
        r"\A(?:fo1_[A-Za-z0-9_-]{40,}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{80,}=*)",
    ),
    token("render-key", "Render API key", &["rnd_"], r"\Arnd_[A-Za-z0-9]{28,}").only_if(is_mixed),
    token(
        "supabase-key",
        "Supabase access token or secret key",
        &["sbp_", "sb_secret_"],
        r"\A(?:sbp_(?:oauth_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})",
    ),
    token("neon-key", "Neon API key", &["napi_"], r"\Anapi_[a-z0-9]{60,}"),
    token(
        "planetscale-token",
        "PlanetScale token or password",
        &["pscale_"],
        r"\Apscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}",
    ),
    token("alibaba-key-id", "Alibaba Cloud access key id", &["LTAI"], r"\ALTAI[A-Za-z0-9]{17,26}")
        .only_if(is_mixed),
    token("tencent-key-id", "Tencent Cloud secret id", &["AKID"], r"\AAKID[A-Za-z0-9]{32}")
        .only_if(is_mixed),
    token("aiven-token", "Aiven token", &["aivenv1_"], r"\Aaivenv1_[A-Za-z0-9+/=]{40,}"),
    token(
        "vault-token",
        "HashiCorp Vault token",
        &["hvs.", "hvb.", "hvr."],
        r"\Ahv[sbr]\.[A-Za-z0-9_-]{24,}",
    ),
    token(
        "age-key",
        "age secret key",
        &["AGE-SECRET-KEY-"],
        r"\AAGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,}",
    ),
    token(
        "doppler-token",
        "Doppler token",
        &["dp.pt.", "dp.st.", "dp.sa.", "dp.ct.", "dp.scim.", "dp.audit."],
        r"\Adp\.[a-z]+\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,}",
    ),
    token(
        "onepassword-token",
        "1Password service account token or secret key",
        &["ops_eyJ", "A3-"],
        r"\A(?:ops_eyJ[A-Za-z0-9+/_=-]{100,}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3})",
    ),
    token(
        "tailscale-key",
        "Tailscale key",
        &["tskey-"],
        r"\Atskey-[a-z]+-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{8,})?",
    ),
    token("openshift-token", "OpenShift OAuth token", &["sha256~"], r"\Asha256~[A-Za-z0-9_-]{43}"),
    anywhere(
        "terraform-token",
        "HCP Terraform token",
        &[".atlasv1."],
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}",
    ),
    token("pulumi-token", "Pulumi access token", &["pul-"], r"\Apul-[0-9a-f]{40}"),
    token("infracost-key", "Infracost API key", &["ico-"], r"\Aico-[A-Za-z0-9]{32}")
        .only_if(has_digit),
];
