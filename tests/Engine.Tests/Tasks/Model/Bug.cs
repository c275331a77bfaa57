namespace Engine.Tests.Tasks.Model;

/// <summary>Mistakes that other queues made or that this one could make; the model has at most one at a time.</summary>
public enum Bug
{
    None,

    /// <summary><c>where id = … and state = 'running'</c>, the guard of River's completion.</summary>
    FinishGuardedByState,

    /// <summary><c>where id = … and worker = …</c> with the host's name as the worker.</summary>
    FinishGuardedByWorkerName,

    /// <summary>The finish is inserted without a look at whether the fence removed a lease.</summary>
    FinishIgnoresFence,

    /// <summary>Stuck jobs are read, then rewritten by id: https://github.com/riverqueue/river/issues/1302.</summary>
    RescueById,

    /// <summary>
    /// The process that starts again beats for the leases of the dead one: https://github.com/oban-bg/oban/issues/862 and scenario 2 of
    /// https://github.com/procrastinate-org/procrastinate/issues/1518.
    /// </summary>
    ReusedIdentity,

    /// <summary>The dead worker's row is deleted, and its jobs are found by a join with it: scenario 1 of that procrastinate issue.</summary>
    PrunedWorkerHidesLeases,

    /// <summary>A claim whose reply was lost leaves a lease that its living worker knows nothing about.</summary>
    LostClaimForgotten,

    /// <summary>The attempt number is the fence, and a redrive starts it again.</summary>
    RedriveResetsEpoch,

    /// <summary>The attempt number is the fence, and a snooze gives its attempt back.</summary>
    SnoozeTakesEpochBack,

    /// <summary>The outside acts without asking whether the caller still owns the task.</summary>
    EffectWithoutStillOwner,

    /// <summary>A worker calls an outside that cannot ask, however old its last heartbeat is.</summary>
    CallPastTwoThirds,

    /// <summary>A lost worker counts as a failure of the task.</summary>
    LossChargedAsFailure,

    /// <summary>A timer looks for children whose parents are done and releases them by id, from every engine.</summary>
    ChildReleasedByResolver,

    /// <summary>Each parent's finish counts its siblings in its own snapshot.</summary>
    SiblingsCountedInSnapshot,

    /// <summary>The parents of a new child are counted before the transaction that files it.</summary>
    ParentsCountedBeforeFiling,

    /// <summary>A failed parent says nothing to its children.</summary>
    FailedParentIsSilent,

    /// <summary>An approval names the task only.</summary>
    DecisionBoundToTask,

    /// <summary>The second click overwrites the first.</summary>
    LastDecisionWins,
}
