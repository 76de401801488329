/* What the CI system that we are in must be told, so that its jobs may measure */
#include "run/doctor_ci.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "run/ci.h"
#include "run/doctor_system.h"

#define AS_ROOT                                                                                   \
	"Run latwrap as root and the tests as their user: sudo -E env PATH=\"$PATH\" latwrap -u " \
	"\"$(id -u):$(id -g)\" -- COMMAND"
#define ANY_CONTAINER "Start the container of the job with: docker run --privileged"

/* The line to add, from the documentation of each system; docs/ci.md has the same */
static const struct {
	const char *provider, *user, *container;
} advice_for[] = {
	{"github-actions",
	 "Use the action, which runs latwrap with sudo: uses: OWNER/latwrap/ci@TAG",
	 "Add to the container of the job: options: --privileged"},
	{"gitlab-ci", AS_ROOT,
	 "Add to [runners.docker] in the config.toml of the runner: privileged = true"},
	{"circleci", AS_ROOT,
	 "Write in place of docker: in the job: machine: {image: ubuntu-2404:current}"},
	{"azure-pipelines", AS_ROOT, "Add to the container of the job: options: --privileged"},
	{"jenkins", AS_ROOT, "Add to agent { docker { ... } }: args '--privileged'"},
	{"buildkite", AS_ROOT, "Add to the docker plugin of the step: privileged: true"},
};

static char *advice(const char *provider)
{
	const char *container = doctor_container();

	if (container && streq(container, "Kubernetes"))
		return xstrdup(
			"Add to the container of the pod: securityContext: {privileged: true}");
	for (size_t i = 0; i < ARRAY_SIZE(advice_for); i++)
		if (streq(advice_for[i].provider, provider))
			/* root without the privilege is in a container, whether or not we see it. */
			return xstrdup(container || geteuid() == 0 ? advice_for[i].container
								   : advice_for[i].user);
	return xstrdup(container || geteuid() == 0 ? ANY_CONTAINER : AS_ROOT);
}

void doctor_check_ci(struct diagnosis *diagnosis, bool allowed)
{
	struct run_facts facts = {0};
	const char *provider;

	ci_read(&facts.ci);
	provider = facts.ci.provider;
	if (!provider || allowed)
		diagnosis_add(diagnosis, "CI", CHECK_OK,
			      xstrdup(provider ? provider : "none found"), NULL);
	else
		diagnosis_add(diagnosis, "CI", CHECK_MISSING,
			      xasprintf("%s: this job may not measure", provider),
			      advice(provider));
	run_facts_done(&facts);
}
