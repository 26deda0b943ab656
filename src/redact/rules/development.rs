//! Tokens of code forges, package registries and build services.

use crate::redact::rule::{Rule, anywhere, token};
use crate::redact::shape::{has_digit, is_mixed};

/// The rules.
pub static RULES: &[Rule] = &[
    token(
        "github-token",
        "GitHub token",
        &["ghp_", "gho_", "ghu_", "ghr_", "ghs_", "github_pat_"],
        r"\A(?:gh[pour]_[A-Za-z0-9]{36,}|ghs_[A-Za-z0-9_-]{36,}(?:\.[A-Za-z0-9_-]{8,}){0,2}|ghs_[0-9]+_eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]{8,}){2}|github_pat_[A-Za-z0-9_]{50,})",
    ),
    token(
        "gitlab-token",
        "GitLab token",
        &[
            "glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glft-", "glimt-", "glagent-", "glwt-",
            "glsoat-", "glcbt-", "gloas-", "glffct-", "GR1348941",
        ],
        r"\A(?:gl(?:pat|dt|rtr?|ptt|ft|imt|agent|wt|soat|cbt|oas|ffct)-[A-Za-z0-9_=-]{20,}(?:\.[A-Za-z0-9_-]{2,}){0,2}|GR1348941[A-Za-z0-9_-]{20})",
    )
    .only_if(has_digit),
    token(
        "atlassian-token",
        "Atlassian or Bitbucket token",
        &["ATATT3", "ATCTT3", "ATSTT3", "ATBB"],
        r"\AAT(?:[ACS]TT3[A-Za-z0-9_=-]{60,}|BB[A-Za-z0-9]{28,})",
    )
    .only_if(has_digit),
    token("npm-token", "npm access token", &["npm_"], r"\Anpm_[A-Za-z0-9]{36,}"),
    token(
        "pypi-token",
        "PyPI API token",
        &["pypi-AgE", "pypi-AgEN"],
        r"\Apypi-AgE[A-Za-z0-9_-]{50,}",
    ),
    token("crates-io-token", "crates.io API token", &["cio"], r"\Acio[A-Za-z0-9]{32}")
        .only_if(is_mixed),
    token("rubygems-key", "RubyGems API key", &["rubygems_"], r"\Arubygems_[0-9a-f]{48}"),
    token("nuget-key", "NuGet API key", &["oy2"], r"\Aoy2[a-z0-9]{43}").only_if(has_digit),
    token(
        "docker-token",
        "Docker personal or organisation access token",
        &["dckr_pat_", "dckr_oat_"],
        r"\Adckr_[po]at_[A-Za-z0-9_-]{24,}",
    ),
    token("clojars-token", "Clojars deploy token", &["CLOJARS_"], r"\ACLOJARS_[a-z0-9]{60}"),
    token(
        "packagist-token",
        "Packagist token",
        &["packagist_"],
        r"\Apackagist_[a-z]{3}_[0-9a-f]{60,}",
    ),
    token(
        "jfrog-token",
        "JFrog API key or reference token",
        &["AKCp", "cmVmdGtu"],
        r"\A(?:AKCp[A-Za-z0-9]{60,}|cmVmdGtu[A-Za-z0-9]{50,})",
    ),
    token(
        "circleci-token",
        "CircleCI token",
        &["CCIPAT_", "CCIPRJ_"],
        r"\ACCIP(?:AT|RJ)_[A-Za-z0-9]{20,}_[0-9a-f]{40}",
    ),
    token(
        "buildkite-token",
        "Buildkite token",
        &["bkua_", "bkaj_", "bkct_"],
        r"\Abk(?:ua|aj|ct)_[A-Za-z0-9]{40,}",
    ),
    token(
        "sonar-token",
        "SonarQube token",
        &["sqp_", "squ_", "sqa_"],
        r"\Asq[pua]_[0-9a-f]{40}",
    ),
    token(
        "sourcegraph-token",
        "Sourcegraph access token",
        &["sgp_"],
        r"\Asgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}",
    ),
    token(
        "snyk-token",
        "Snyk token",
        &["snyk_"],
        r"\Asnyk_(?:uat|sat)\.[0-9a-f]{8}\.[A-Za-z0-9_.-]{30,}",
    ),
    token(
        "postman-key",
        "Postman API key",
        &["PMAK-"],
        r"\APMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    ),
    token("prefect-key", "Prefect API key", &["pnu_", "pnb_"], r"\Apn[ub]_[A-Za-z0-9]{36}"),
    token("readme-key", "ReadMe API key", &["rdme_"], r"\Ardme_[a-z0-9]{60,}"),
    token(
        "figma-token",
        "Figma access token",
        &["figd_", "figo_", "figu_"],
        r"\Afig[dou]_[A-Za-z0-9_-]{36,}",
    ),
    token(
        "linear-key",
        "Linear API key or token",
        &["lin_api_", "lin_oauth_", "lin_wh_"],
        r"\Alin_(?:api|oauth|wh)_[A-Za-z0-9]{32,}",
    ),
    token(
        "notion-token",
        "Notion integration token",
        &["ntn_", "secret_"],
        r"\A(?:(ntn_[A-Za-z0-9]{40,})|(secret_[A-Za-z0-9]{43})(?:[^A-Za-z0-9_]|\z))",
    )
    .only_if(is_mixed),
    token(
        "airtable-token",
        "Airtable personal access token",
        &["pat"],
        r"\Apat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    ),
    anywhere(
        "asana-token",
        "Asana personal access token",
        &["1/", "2/"],
        r"\b[12]/[0-9]{13,20}(?:/[0-9]{13,20})?:[0-9a-f]{32}",
    ),
    token(
        "launchdarkly-key",
        "LaunchDarkly SDK or API key",
        &["sdk-", "api-"],
        r"\A(?:sdk|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("contentful-token", "Contentful token", &["CFPAT-"], r"\ACFPAT-[A-Za-z0-9_-]{40,}"),
];
