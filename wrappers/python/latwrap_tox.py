"""Lets the tests that tox runs find latwrap: tox gives them an environment of its own, without $LATWRAP_SOCKET

tox finds this plugin as an entry point, because latwrap adds this directory to PYTHONPATH. The tests' commands get that
directory and the socket; pip and the build of a package do not. The plugin must not fail or change anything else: on any
error it stops silently. tox 3 calls tox_runtest_pre and _post, tox 4 tox_before_run_commands; neither knows the others.
"""

import fnmatch
import os

import pluggy

HERE = os.path.dirname(os.path.abspath(__file__))
SOCKET = os.environ.get("LATWRAP_SOCKET")

# A hook that this tox does not know would be an error.
hook = pluggy.HookimplMarker("tox")(optionalhook=True)


def python_path(own, passed):
    """The list of directories that the tests have without latwrap, behind ours"""
    rest = own if own else passed
    directories = [one for one in (rest or "").split(os.pathsep) if one and one != HERE]
    return os.pathsep.join([HERE] + directories)


def passes(patterns, name):
    return any(fnmatch.fnmatchcase(name, str(pattern)) for pattern in patterns)


def leave_python_path():
    """For what tox itself starts, as pip: tox 3 warns of this variable"""
    rest = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one and one != HERE]
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)


# -- tox 3 ---------------------------------------------------------------------------------------------------------------


@hook
def tox_configure(config):
    try:
        # The tox of each environment that runs in parallel is a child of this one, and needs the plugin, too.
        is_parent = getattr(config.option, "parallel", 0) != 0 and "_TOX_PARALLEL_ENV" not in os.environ
        if hasattr(config, "envconfigs") and not is_parent:
            leave_python_path()
    except Exception:
        pass


@hook
def tox_runtest_pre(venv):
    try:
        config = venv.envconfig
        own = config.setenv.get("PYTHONPATH", "") if "PYTHONPATH" in config.setenv else ""
        passed = os.environ.get("PYTHONPATH") if passes(config.passenv, "PYTHONPATH") else ""
        if SOCKET:
            config.setenv["PYTHONPATH"] = python_path(own, passed)
            config.setenv["LATWRAP_SOCKET"] = SOCKET
    except Exception:
        pass


# -- tox 4 ---------------------------------------------------------------------------------------------------------------


@hook
def tox_before_run_commands(tox_env):
    try:
        own = tox_env.conf["set_env"]
        own = own.load("PYTHONPATH") if "PYTHONPATH" in own else ""
        passed = os.environ.get("PYTHONPATH") if passes(tox_env.conf["pass_env"], "PYTHONPATH") else ""
        if SOCKET:
            tox_env.conf["set_env"].update({"PYTHONPATH": python_path(own, passed), "LATWRAP_SOCKET": SOCKET})
    except Exception:
        pass
