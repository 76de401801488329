/* Read facts about the run from the environment variables of the CI system */
#include "run/ci.h"

#include <stdbool.h>

#include "base/utf8.h"
#include "base/util.h"

#define MAX_WAYS 3

/* Texts for ci_expand(), best first: the first that expands gives the fact. */
struct ci_source {
	const char *ways[MAX_WAYS];
};

/*
 * "run" identifies one execution of the whole pipeline. "attempt" is the count of the system, which
 * starts at 1 on GitHub and Azure, at 0 on Buildkite and tmt. "sha" is the commit that was checked
 * out, often a merge commit for a pull request. "branch" is the source branch of a pull request, if
 * the system tells it.
 */
struct ci_system {
	const char *provider;
	const char *marker; /* we are on this system if this is set and neither "false" nor "0" */
	struct ci_source repository, sha, branch, job, run, attempt, url;
};

#define WAYS(...)                       \
	{                               \
		.ways = { __VA_ARGS__ } \
	}

/*
 * The order matters: a system that starts runners of others, or sets only CI=true, comes after
 * those others.
 */
static const struct ci_system systems[] = {
	{
		/* docs.github.com: Actions, "Variables reference", default environment variables */
		.provider = "github-actions",
		.marker = "GITHUB_ACTIONS",
		.repository = WAYS("$GITHUB_REPOSITORY"),
		.sha = WAYS("$GITHUB_SHA"),
		.branch = WAYS("$GITHUB_HEAD_REF", "$GITHUB_REF_NAME"),
		.job = WAYS("$GITHUB_JOB"),
		.run = WAYS("$GITHUB_RUN_ID"),
		.attempt = WAYS("$GITHUB_RUN_ATTEMPT"),
		.url = WAYS("$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
			    "/attempts/$GITHUB_RUN_ATTEMPT",
			    "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"),
	},
	{
		/* docs.gitlab.com: "Predefined CI/CD variables reference" */
		.provider = "gitlab-ci",
		.marker = "GITLAB_CI",
		.repository = WAYS("$CI_PROJECT_PATH"),
		.sha = WAYS("$CI_COMMIT_SHA"),
		.branch = WAYS("$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "$CI_COMMIT_REF_NAME"),
		.job = WAYS("$CI_JOB_NAME"),
		.run = WAYS("$CI_PIPELINE_ID"),
		.url = WAYS("$CI_JOB_URL", "$CI_PIPELINE_URL"),
	},
	{
		/* buildkite.com/docs: Pipelines, "Environment variables" */
		.provider = "buildkite",
		.marker = "BUILDKITE",
		.repository = WAYS("$BUILDKITE_REPO"),
		.sha = WAYS("$BUILDKITE_COMMIT"),
		.branch = WAYS("$BUILDKITE_BRANCH"),
		.job = WAYS("$BUILDKITE_STEP_KEY", "$BUILDKITE_LABEL", "$BUILDKITE_JOB_ID"),
		.run = WAYS("$BUILDKITE_BUILD_NUMBER"),
		.attempt = WAYS("$BUILDKITE_RETRY_COUNT"),
		.url = WAYS("$BUILDKITE_BUILD_URL#$BUILDKITE_JOB_ID", "$BUILDKITE_BUILD_URL"),
	},
	{
		/*
		 * learn.microsoft.com: Azure Pipelines, "Use predefined variables". The ID of the
		 * project, because its name may need escaping in a URL.
		 */
		.provider = "azure-pipelines",
		.marker = "TF_BUILD",
		.repository = WAYS("$BUILD_REPOSITORY_NAME"),
		.sha = WAYS("$BUILD_SOURCEVERSION"),
		.branch = WAYS("$SYSTEM_PULLREQUEST_SOURCEBRANCH", "$BUILD_SOURCEBRANCH"),
		.job = WAYS("$AGENT_JOBNAME", "$SYSTEM_JOBNAME"),
		.run = WAYS("$BUILD_BUILDID"),
		.attempt = WAYS("$SYSTEM_JOBATTEMPT"),
		.url = WAYS("$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECTID/_build/results"
			    "?buildId=$BUILD_BUILDID"),
	},
	{
		/* circleci.com/docs: "Project values and variables" */
		.provider = "circleci",
		.marker = "CIRCLECI",
		.repository = WAYS("$CIRCLE_PROJECT_USERNAME/$CIRCLE_PROJECT_REPONAME",
				   "$CIRCLE_REPOSITORY_URL"),
		.sha = WAYS("$CIRCLE_SHA1"),
		.branch = WAYS("$CIRCLE_BRANCH", "$CIRCLE_TAG"),
		.job = WAYS("$CIRCLE_JOB"),
		.run = WAYS("$CIRCLE_WORKFLOW_ID", "$CIRCLE_BUILD_NUM"),
		.url = WAYS("$CIRCLE_BUILD_URL"),
	},
	{
		/* docs.travis-ci.com: "Environment Variables", default environment variables */
		.provider = "travis",
		.marker = "TRAVIS",
		.repository = WAYS("$TRAVIS_REPO_SLUG"),
		.sha = WAYS("$TRAVIS_COMMIT"),
		.branch = WAYS("$TRAVIS_PULL_REQUEST_BRANCH", "$TRAVIS_BRANCH"),
		.job = WAYS("$TRAVIS_JOB_NAME", "$TRAVIS_JOB_NUMBER"),
		.run = WAYS("$TRAVIS_BUILD_ID"),
		.url = WAYS("$TRAVIS_JOB_WEB_URL", "$TRAVIS_BUILD_WEB_URL"),
	},
	{
		/*
		 * jetbrains.com/help/teamcity: "List of Predefined Build Parameters". The
		 * repository and the branch are set only if the author of the build passes them on.
		 */
		.provider = "teamcity",
		.marker = "TEAMCITY_VERSION",
		.sha = WAYS("$BUILD_VCS_NUMBER"),
		.job = WAYS("$TEAMCITY_BUILDCONF_NAME"),
		.run = WAYS("$BUILD_NUMBER"),
		.url = WAYS("$BUILD_URL"),
	},
	{
		/* jenkins.io/doc/book/pipeline/jenkinsfile: "Using environment variables", and
		 * plugins.jenkins.io/git: "Environment Variables" */
		.provider = "jenkins",
		.marker = "JENKINS_URL",
		.repository = WAYS("$GIT_URL"),
		.sha = WAYS("$GIT_COMMIT"),
		.branch = WAYS("$CHANGE_BRANCH", "$BRANCH_NAME", "$GIT_BRANCH"),
		.job = WAYS("$JOB_NAME"),
		.run = WAYS("$BUILD_NUMBER"),
		.url = WAYS("$BUILD_URL"),
	},
	{
		/* packit.dev/docs/configuration/upstream/tests: "Environment variables", and
		 * tmt.readthedocs.io: "Environment variables" */
		.provider = "packit",
		.marker = "PACKIT_COMMIT_SHA",
		.repository = WAYS("$PACKIT_FULL_REPO_NAME"),
		.sha = WAYS("$PACKIT_COMMIT_SHA"),
		.branch = WAYS("$PACKIT_SOURCE_BRANCH", "$PACKIT_TAG_NAME"),
		.job = WAYS("$TMT_TEST_NAME"),
		.run = WAYS("$TESTING_FARM_REQUEST_ID"),
		.attempt = WAYS("$TMT_TEST_RESTART_COUNT"),
		.url = WAYS("https://api.testing-farm.io/v0.1/requests/$TESTING_FARM_REQUEST_ID"),
	},
	{
		/*
		 * gitlab.com/testing-farm/gluetool-modules: testing_farm_request.py. The ref is a
		 * branch, a tag or a commit, as the requester wrote it.
		 */
		.provider = "testing-farm",
		.marker = "TESTING_FARM_REQUEST_ID",
		.repository = WAYS("$TESTING_FARM_GIT_URL"),
		.branch = WAYS("$TESTING_FARM_GIT_REF"),
		.job = WAYS("$TMT_TEST_NAME"),
		.run = WAYS("$TESTING_FARM_REQUEST_ID"),
		.attempt = WAYS("$TMT_TEST_RESTART_COUNT"),
		.url = WAYS("https://api.testing-farm.io/v0.1/requests/$TESTING_FARM_REQUEST_ID"),
	},
	{
		/*
		 * Not from a documentation: nearly all systems set CI, so that programs ask no
		 * questions.
		 */
		.provider = "generic",
		.marker = "CI",
	},
};

/* Removes "user:password@" from a URL in place (RFC 3986, 3.2.1): clone URLs carry tokens there. */
static void strip_userinfo(char *url)
{
	char *authority = strstr(url, "://"), *end, *at = NULL;

	if (!authority)
		return;
	authority += strlen("://");
	end = authority + strcspn(authority, "/?#");
	for (char *p = authority; p < end; p++) {
		if (*p == '@')
			at = p;
	}
	if (at)
		memmove(authority, at + 1, strlen(at + 1) + 1);
}

static char *clean(char *value)
{
	char *text;

	strip_userinfo(value);
	text = utf8_sanitize(value, strlen(value), NULL);
	text[utf8_prefix_len(text, CI_VALUE_MAX_BYTES)] = '\0';
	return text;
}

/* Appends n bytes of more to the string *text. */
static void append(char **text, const char *more, size_t n)
{
	size_t length = strlen(*text);

	*text = xrealloc(*text, length + n + 1);
	memcpy(*text + length, more, n);
	(*text)[length + n] = '\0';
}

char *ci_expand(const char *text)
{
	static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	_cleanup_free_ char *result = xstrdup("");

	while (*text) {
		size_t n;

		if (*text == '$') {
			_cleanup_free_ char *name = NULL;
			const char *value;

			n = strspn(++text, name_chars);
			name = xstrndup(text, n);
			value = getenv(name);
			if (!value || !*value)
				return NULL;
			append(&result, value, strlen(value));
		} else {
			n = strcspn(text, "$");
			append(&result, text, n);
		}
		text += n;
	}
	return clean(result);
}

static char *first_of(const struct ci_source *source)
{
	for (size_t i = 0; i < MAX_WAYS && source->ways[i]; i++) {
		char *value = ci_expand(source->ways[i]);

		if (value)
			return value;
	}
	return NULL;
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value && !streq(value, "false") && !streq(value, "0");
}

void ci_read(struct ci_facts *ret)
{
	*ret = (struct ci_facts){0};
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		const struct ci_system *system = &systems[i];

		if (!is_set(system->marker))
			continue;
		ret->provider = xstrdup(system->provider);
		ret->repository = first_of(&system->repository);
		ret->sha = first_of(&system->sha);
		ret->branch = first_of(&system->branch);
		ret->job = first_of(&system->job);
		ret->run = first_of(&system->run);
		ret->attempt = first_of(&system->attempt);
		ret->url = first_of(&system->url);
		return;
	}
}
