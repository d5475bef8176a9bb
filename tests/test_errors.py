import logging

import pytest

from chainofsteps.errors import InputError, reported


def test_bad_input_is_one_line_without_traceback(tmp_path, capsys):
    log = tmp_path / "logs" / "job.log"
    with pytest.raises(SystemExit) as stop, reported(log):
        raise InputError("steps is 0:\n give at least 1")
    assert stop.value.code == 1
    assert log.read_text() == capsys.readouterr().err == "error: steps is 0: give at least 1\n"


def test_any_other_exception_keeps_its_traceback(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(ZeroDivisionError), reported(log):
        1 / 0  # noqa: B018
    assert "Traceback" in log.read_text() and "ZeroDivisionError" in log.read_text()


def test_the_log_is_begun_anew_and_good_work_goes_through(tmp_path):
    log = tmp_path / "job.log"
    log.write_text("error: of an earlier run\n")
    with reported(log):
        done = True
    assert done and log.read_text() == ""


def test_what_the_package_logs_goes_to_the_log_and_to_stderr(tmp_path, capsys):
    log, logger = tmp_path / "job.log", logging.getLogger("chainofsteps.store.shards")
    with reported(log):
        logger.info("3 of 4 taken")
    assert log.read_text() == capsys.readouterr().err == "3 of 4 taken\n"
    logger.info("after the job")
    assert log.read_text() == "3 of 4 taken\n" and capsys.readouterr().err == ""
    assert logging.getLogger("chainofsteps").handlers == []


def test_what_a_full_disk_keeps_from_the_log_is_still_said(capsys):
    with pytest.raises((OSError, SystemExit)), reported("/dev/full"):
        raise InputError("cannot write x: No space left on device; free some space and run again")
    assert capsys.readouterr().err.startswith("error: cannot write x: No space left on device; free some space")
