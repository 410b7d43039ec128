"""What plans are refused for, in full: each flaw with where it stands, in these words and in this order."""

SINGLE = [
    (
        "/owner",
        (
            "a plan has no field 'owner'; it has account, cleanUpDrill, externalId, failback, "
            "launchConfiguration, name, notify, planId, region, roleArn, roleName, rtoMinutes, waves"
        ),
    ),
    ("/name", "name must be a text of 1 to 128 characters"),
    ("/rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080"),
    ("/cleanUpDrill", "cleanUpDrill must be true or false"),
    ("/notify", "notify must be a list of some of start, wave, paused"),
    ("/failback", "failback is an object with timeoutMinutes"),
    ("/account", "account must be an account's twelve digits"),
    ("/region", "region must be a Region such as us-west-2"),
    ("/launchConfiguration/rightSizing", "rightSizing must be one of NONE, BASIC, IN_AWS"),
    (
        "/launchConfiguration/color",
        (
            "a launchConfiguration has no field 'color'; it has copyPrivateIp, copyTags, "
            "instanceType, launchDisposition, rightSizing, subnetId"
        ),
    ),
    ("/waves/0", "a wave is a JSON object"),
    ("/waves/1/name", "a wave needs a name of 1 to 128 letters, digits, spaces and _ . : / = + @ -"),
    ("/waves/1/servers", "a wave needs at least one source server id"),
    ("/waves/1/dependsOn", "dependsOn must be a list of wave names"),
    ("/waves/1/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/1/pollSeconds", "pollSeconds must be a whole number from 1 to 3600"),
    ("/waves/1/rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080"),
    ("/waves/1/pauseBefore", "pauseBefore must be true or false"),
    ("/waves/2/servers/0", "'server-1' is not a source server id (s- and 17 letters or digits)"),
    ("/waves/2/onFailure", "onFailure must be one of stop, continue, pause"),
    ("/waves/2/retries", "retries must be a whole number from 0 to 5"),
    ("/waves/2/minimumHealthyShare", "minimumHealthyShare must be a number from 0.01 to 1"),
    ("/waves/2/optional/0", "'s-1234567890abcdef9' is no server of the wave"),
    ("/waves/3/tags", "a wave has either servers or tags"),
    ("/waves/3/optional", "optional must be a list of source server ids"),
    ("/waves/3/approval/who", "an approval has no field 'who'; it has default, timeoutMinutes"),
    ("/waves/3/approval/timeoutMinutes", "an approval needs timeoutMinutes"),
    ("/waves/3/approval/default", "default must be one of approve, refuse"),
    ("/waves/4/tags", "tags must be an object with 1 to 50 texts of at most 256 characters"),
    (
        "/waves/4/launchConfiguration",
        (
            "launchConfiguration is an object with some of rightSizing, copyTags, copyPrivateIp, "
            "launchDisposition, instanceType, subnetId"
        ),
    ),
    ("/waves/4/approval", "approval is a JSON object"),
    ("/waves/5/preWave", "preWave must be a list of runbooks, at most 10"),
    ("/waves/5/postWave/0/document", "a runbook has no field 'document'; it has onFailure, parameters, ssm, timeoutMinutes"),
    ("/waves/5/postWave/0/ssm", "ssm must be the name or ARN of a Systems Manager document"),
    ("/waves/5/postWave/1", "postWave has JSON objects"),
    ("/waves/6/preWave/0/wait", "a runbook has no field 'wait'; it has onFailure, parameters, ssm, timeoutMinutes"),
    ("/waves/6/preWave/0/ssm", "ssm must be the name or ARN of a Systems Manager document"),
    ("/waves/6/preWave/0/parameters", "parameters must be an object of texts and lists of texts"),
    ("/waves/6/preWave/0/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/6/preWave/0/onFailure", "onFailure must be one of stop, continue, pause"),
    ("/waves/7/healthCheck/0", "a check of health has one of alarm, url, ssm"),
    ("/waves/7/healthCheck/1/alarm", "alarm must be the name of a CloudWatch alarm"),
    ("/waves/7/healthCheck/2/url", "url must be an address that begins with http:// or https://"),
    ("/waves/7/healthCheck/2/status", "status must be a number from 100 to 599"),
    ("/waves/7/healthCheck/3", "a check of health has one of alarm, url, ssm"),
    ("/waves/8/runIf/health", "health must be GREEN or RED"),
    ("/waves/9/runIf", "runIf is an object with wave, and either outcome or health"),
    ("/waves/10/runIf", "runIf is an object with wave, and either outcome or health"),
    ("/waves/11/region", "region must be a Region such as us-west-2"),
    ("/waves/11/roleArn", "roleArn must be the ARN of an IAM role"),
    ("/waves/11/externalId", "externalId must be 2 to 1224 letters, digits and _ + = , . @ : / -"),
]

BETWEEN_WAVES = [
    ("/waves/1/name", "two waves are called 'data'"),
    ("/waves/2/dependsOn/0", "wave 'app' depends on 'ghost', which is no wave"),
    ("/waves/7/runIf/wave", "wave 'spare' runs if 'ghost' ..., which is no wave"),
    ("/waves/8/runIf/health", "wave 'app' has no healthCheck"),
    ("/waves/9/runIf/outcome", "wave 'self' stops the plan if it fails; it needs another onFailure"),
    ("/waves", "the waves depend on each other in a cycle: left -> right -> left"),
    ("/waves/0/servers/1", "s-1234567890abcdef0 is in wave 'data' and again in wave 'data'"),
    ("/waves/2/servers/0", "s-1234567890abcdef0 is in wave 'data' and again in wave 'app'"),
    ("/waves/5/account", "wave 'elsewhere': account needs a role, roleArn or roleName, that leads there"),
    ("/waves/6/launchConfiguration", "wave 'sized': an instanceType needs rightSizing NONE, otherwise DRS chooses another"),
    ("/waves/10/preWave/0/parameters", "no instances are known before the wave has launched"),
    (
        "/waves",
        "the waves' timeouts, retries, approvals, runbooks and checks add up to 180 hours; 168 are possible",
    ),
]

LIMITS = [
    ("/waves/1/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/3/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/5/pollSeconds", "pollSeconds must be a whole number from 1 to 3600"),
    ("/waves/7/pollSeconds", "pollSeconds must be a whole number from 1 to 3600"),
    ("/waves/9/rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080"),
    ("/waves/11/rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080"),
    ("/waves/13/retries", "retries must be a whole number from 0 to 5"),
    ("/waves/15/retries", "retries must be a whole number from 0 to 5"),
    ("/waves/17/minimumHealthyShare", "minimumHealthyShare must be a number from 0.01 to 1"),
    ("/waves/19/minimumHealthyShare", "minimumHealthyShare must be a number from 0.01 to 1"),
    ("/waves/21/retries", "retries must be a whole number from 0 to 5"),
    ("/waves/23/approval/timeoutMinutes", "timeoutMinutes must be a whole number from 1 to 10080"),
    ("/waves/25/approval/timeoutMinutes", "timeoutMinutes must be a whole number from 1 to 10080"),
    ("/waves/27/name", "a wave needs a name of 1 to 128 letters, digits, spaces and _ . : / = + @ -"),
    ("/waves/29/servers", "a wave is one DRS job, which takes at most 100 servers (quota L-B827C881), not 101"),
    ("/waves/31/tags", "tags must be an object with 1 to 50 texts of at most 256 characters"),
    ("/waves/33/tags", "tags must be an object with 1 to 50 texts of at most 256 characters"),
    ("/waves/35/tags", "tags must be an object with 1 to 50 texts of at most 256 characters"),
    ("/waves/37/preWave", "preWave must be a list of runbooks, at most 10"),
    ("/waves/39/preWave/0/parameters", "parameters may have at most 4000 characters"),
    ("/waves/41/preWave/0/parameters", "parameters must be an object of texts and lists of texts"),
    ("/waves/43/preWave/0/ssm", "ssm must be the name or ARN of a Systems Manager document"),
    ("/waves/45/preWave/0/ssm", "ssm must be the name or ARN of a Systems Manager document"),
    ("/waves/47/postWave/0/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/49/postWave/0/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
    ("/waves/51/healthCheck/alarm", "alarm must be the name of a CloudWatch alarm"),
    ("/waves/53/healthCheck/url", "url must be an address that begins with http:// or https://"),
    ("/waves/55/healthCheck/url", "url must be an address that begins with http:// or https://"),
    ("/waves/57/healthCheck/status", "status must be a number from 100 to 599"),
    ("/waves/59/healthCheck/status", "status must be a number from 100 to 599"),
    ("/waves/61/healthCheck/contains", "contains must be a text"),
    (
        "/waves/63/healthCheck/status",
        "a check with ssm has no field 'status'; it has onFailure, parameters, ssm, withinMinutes",
    ),
    ("/waves/65/healthCheck/withinMinutes", "withinMinutes must be a number from 0.1 to 1440"),
    ("/waves/67/healthCheck/withinMinutes", "withinMinutes must be a number from 0.1 to 1440"),
    ("/waves/69/externalId", "externalId must be 2 to 1224 letters, digits and _ + = , . @ : / -"),
    ("/waves/71/externalId", "externalId must be 2 to 1224 letters, digits and _ + = , . @ : / -"),
    ("/waves/73/roleName", "roleName must be the name of an IAM role"),
    ("/waves/75/launchConfiguration/instanceType", "instanceType must be an instance type such as m5.large"),
    ("/waves/77/launchConfiguration/subnetId", "subnetId must be a subnet's id"),
    ("/waves/79/launchConfiguration/copyTags", "copyTags must be true or false"),
    ("/waves/81/launchConfiguration/copyPrivateIp", "copyPrivateIp must be true or false"),
    ("/waves/83/launchConfiguration/launchDisposition", "launchDisposition must be one of STARTED, STOPPED"),
    ("/waves/85/pauseBefore", "pauseBefore must be true or false"),
    ("/waves/87/runIf/wave", "wave must be the name of a wave"),
    ("/waves/89/runIf/outcome", "outcome must be one or a list of LAUNCHED, PARTIAL, FAILED, TIMED_OUT, SKIPPED"),
]


def single_flaws_are_told(run):
    """Flaws of a field or a wave by itself."""
    return _told(run, SINGLE)


def flaws_between_waves_are_told(run):
    """Flaws that show only when waves are compared, which is done once each is right by itself."""
    return _told(run, BETWEEN_WAVES)


def limits_are_kept(run):
    """Flaws of every other wave, whose value is the first that is not allowed."""
    return _told(run, LIMITS)


def _told(run, expected):
    told = [(one["pointer"], one["message"]) for one in run.answer.body["errors"]]
    missing = [one for one in expected if one not in told]
    if told != expected:
        return f"missing: {missing}; not expected, or in another order: {[one for one in told if one not in expected]}"
    assert run.answer.body["title"] == "Invalid plan", run.answer.body["title"]
    return None
