namespace Engine.Tasks;

/// <summary>Dependencies among tasks of one filing must not form a cycle; on tasks that exist already they cannot.</summary>
public static class DependencyCycle
{
    /// <returns>The ids along the cycle, the first one again at the end; null when there is none.</returns>
    public static IReadOnlyList<Guid>? Find(IReadOnlyList<NewTask> tasks)
    {
        var parents = tasks.Where(t => t.TaskId is not null).GroupBy(t => t.TaskId!.Value).ToDictionary(g => g.Key, g => g.First().DependsOn);
        var finished = new HashSet<Guid>();
        foreach (var start in parents.Keys)
        {
            // Depth first, with the path kept apart: a chain may be as long as a filing.
            var path = new List<Guid>();
            var onPath = new HashSet<Guid>();
            var open = new Stack<(Guid Task, int Next)>();
            Enter(start);
            while (open.TryPop(out var at))
            {
                if (at.Next == Parents(at.Task).Count)
                {
                    finished.Add(at.Task);
                    onPath.Remove(at.Task);
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                open.Push((at.Task, at.Next + 1));
                var parent = Parents(at.Task)[at.Next];
                if (onPath.Contains(parent)) return [.. path[path.IndexOf(parent)..], parent];
                Enter(parent);
            }

            void Enter(Guid task)
            {
                if (finished.Contains(task)) return;
                open.Push((task, 0));
                path.Add(task);
                onPath.Add(task);
            }
        }
        return null;

        IReadOnlyList<Guid> Parents(Guid task) => parents.TryGetValue(task, out var known) ? known : [];
    }
}
