namespace Engine.Tests.Tasks.Model;

/// <summary>What becomes of the child when its parents move: in the parent's own transaction, over the child's counters.</summary>
public sealed class Family(Bounds bounds, Bug bug)
{
    /// <summary>The row of a new task; that of a child depends on what its parents are now.</summary>
    public TaskRow Filed(in ModelState state, int task)
    {
        if (!bounds.IsChild(task)) return new TaskRow { In = Table.Ready };
        var failed = (state.Task1.Hopeless ? 1 : 0) + (state.Task2.Hopeless ? 1 : 0);
        return Filed(Open(state)) with { ParentsFailed = (byte)failed };
    }

    public static TaskRow Filed(byte parentsOpen) => parentsOpen == 0
        ? new TaskRow { In = Table.Ready, Releases = 1 }
        : new TaskRow { In = Table.Waiting, ParentsOpen = parentsOpen };

    public static byte Open(in ModelState state) => (byte)((state.Task1.Succeeded ? 0 : 1) + (state.Task2.Succeeded ? 0 : 1));

    /// <param name="state">With the parent's row in its new place already.</param>
    /// <param name="phase">Of the worker that finished the parent; only the bug of the counted siblings looks at it.</param>
    public ModelState AfterSuccess(in ModelState state, int parent, Phase phase)
    {
        var child = state.Task3;
        if (!bounds.IsParent(parent) || child.In != Table.Waiting || bug == Bug.ChildReleasedByResolver) return state;
        var open = bug == Bug.SiblingsCountedInSnapshot
            ? phase == Phase.CountedDone ? 0 : child.ParentsOpen
            : child.ParentsOpen - 1;
        child = child with { ParentsOpen = (byte)open };
        return state.With(ModelState.Child, open == 0 ? Released(child) : child);
    }

    public static TaskRow Released(TaskRow child) => child with { In = Table.Ready, Releases = (byte)(child.Releases + 1) };

    /// <summary>The child is blocked, where it is: in the table of those that wait.</summary>
    public ModelState AfterLoss(in ModelState state, int parent)
    {
        if (!bounds.IsParent(parent) || state.Task3.In != Table.Waiting || bug == Bug.FailedParentIsSilent) return state;
        return state.With(ModelState.Child, state.Task3 with { ParentsFailed = (byte)(state.Task3.ParentsFailed + 1) });
    }

    public ModelState AfterRedrive(in ModelState state, int parent)
    {
        if (!bounds.IsParent(parent) || state.Task3.In != Table.Waiting || bug == Bug.FailedParentIsSilent) return state;
        return state.With(ModelState.Child, state.Task3 with { ParentsFailed = (byte)(state.Task3.ParentsFailed - 1) });
    }
}
