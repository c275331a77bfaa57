namespace Engine.Tests.Tasks.Model;

/// <summary>Everything that can happen next; each is one step, and any order of them may come.</summary>
public sealed class Actions(Bounds bounds, Bug bug)
{
    readonly ProcessActions processes = new(bounds, bug);
    readonly WorkActions work = new(bounds, bug);
    readonly DutyActions duties = new(bounds, bug);
    readonly PeopleActions people = new(bounds, bug);

    public void Add(in ModelState state, List<Move> moves)
    {
        for (var worker = 0; worker < bounds.Workers; worker++)
        {
            processes.Add(state, worker, moves);
            for (var task = 0; task < bounds.Tasks; task++)
                work.Add(state, worker, task, moves);
        }
        for (var task = 0; task < bounds.Tasks; task++)
        {
            duties.Add(state, task, moves);
            people.Add(state, task, moves);
        }
        duties.AddPending(state, moves);
    }
}
