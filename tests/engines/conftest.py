"""A real Apache Spark, and a real PostgreSQL, each started once for all tests and stopped at the end."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

from ltv_bayes.scoring.saved import model_of
from tests.scoring.values import AS_OF, frame, plain

ROOT = Path(__file__).parents[2]
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
JAVA += " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
"""Java compiles fast rather than well, and takes its classes as they are: it ends before more would pay."""
ROOMY = " -Xms768m -Xmn256m -XX:MetaspaceSize=256m"
"""Memory at once, so that it is seldom tidied up while it grows."""
SETTINGS_OF_SPARK = {
    "spark.driver.extraJavaOptions": JAVA + ROOMY,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.sql.adaptive.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.python.worker.reuse": "true",
    "spark.python.daemon.module": "tests.engines.daemon",
    "spark.log.level": "ERROR",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # work begins when both workers are there
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
}
"""Few partitions and plans as they stand, since the data are small; all on this machine."""
IN_ONE_JAVA = "local[2,2]"
"""Two cores; a task may fail once."""
TWO_WORKERS = "local-cluster[2,1,1024]"
"""Two processes of Java with one core each, which are sent their tasks as on two machines."""
READ_AS_THEY_STAND = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""Plans are not compiled, which would take longer than to run them on little data, but where a test asks for it."""
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


def missing(what, how):
    """Skip, with a word; in CI, fail: the set-up of CI installs what these tests need."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must run these tests: .ci/run installs it.")
    pytest.skip(f"{what} is missing: {how}")


@pytest.fixture(scope="session")
def gateway():
    """Java, which outlives its sessions of Spark."""
    yield
    _end_the_gateway()


@pytest.fixture(scope="session")
def spark(request, gateway):
    """A session of Spark with two cores: in one Java, unless a test asks for two workers of one core each."""
    master = getattr(request, "param", IN_ONE_JAVA)
    if shutil.which("java") is None:
        missing("Java", "install it, such as by apt-get install openjdk-17-jre-headless, to run Spark.")
    try:
        import pyspark
        from pyspark.sql import SparkSession
    except ImportError:
        missing("pyspark", "install ltv_bayes[spark].")
    given = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **ONE_THREAD,
    }
    with tempfile.TemporaryDirectory(prefix="ltv_bayes_spark_", ignore_cleanup_errors=True) as folder:
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        settings = {"spark.local.dir": folder, "spark.sql.warehouse.dir": f"{folder}/warehouse"}
        settings |= {f"spark.executorEnv.{name}": value for name, value in ONE_THREAD.items()}
        builder = SparkSession.builder.master(master).appName("ltv_bayes tests")
        settings |= READ_AS_THEY_STAND if master == IN_ONE_JAVA else {}
        for name, value in (SETTINGS_OF_SPARK | settings).items():
            builder = builder.config(name, value)
        model_of(plain()).score(frame().head(3), as_of=AS_OF)  # loops are compiled here, once for all processes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            session = builder.getOrCreate()
        yield session
        logs = Path(os.environ.get("SPARK_HOME", Path(pyspark.__file__).parent)) / "work"
        logs /= session.sparkContext.applicationId
        session.stop()
        shutil.rmtree(logs, ignore_errors=True)  # workers of a local cluster write them beside Spark
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture
def compiled(spark):
    """Spark compiles its plans, as it does elsewhere."""
    before = {name: spark.conf.get(name) for name in READ_AS_THEY_STAND}
    for name, value in (("spark.sql.codegen.wholeStage", "true"), ("spark.sql.codegen.factoryMode", "FALLBACK")):
        spark.conf.set(name, value)
    yield
    for name, value in before.items():
        spark.conf.set(name, value)


def _end_the_gateway():
    """End the Java process that pyspark leaves behind until Python ends, and its workers with it."""
    try:
        from pyspark import SparkContext
    except ImportError:
        return
    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=60)


def _programs():
    """The folder of PostgreSQL's programs, on PATH or where Debian keeps them."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="session")
def postgres():
    """The address of an empty database of a PostgreSQL of its own."""
    programs = _programs()
    if programs is None:
        missing("PostgreSQL", "install it, such as by apt-get install postgresql.")
    try:
        import adbc_driver_postgresql  # noqa: F401
    except ImportError:
        missing("adbc-driver-postgresql", "install ltv_bayes[warehouses].")
    # PostgreSQL refuses to run as root.
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="ltv_bayes_pg_", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if user:
            shutil.chown(folder, "nobody", "nogroup")
            shutil.chown(data, "nobody", "nogroup")
        run = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **user}
        options = ["--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([programs / "initdb", "--pgdata", data, *options], **run)
        port = _free_port()
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        control = [programs / "pg_ctl", "--pgdata", data, "--wait", "--log", Path(folder) / "log"]
        subprocess.run([*control, "--options", settings, "start"], **run)
        try:
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "--mode=immediate", "stop"], **run)
