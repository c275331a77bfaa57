using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Conventions.Code;

/// <summary>Every event number stands for one event, and each slice numbers its events in a hundred of its own.</summary>
public sealed class LogEvents
{
    [Fact]
    public void Log_events_are_numbered_in_the_hundred_of_their_slice() => Violation.None(Check(Repository.CSharp("src")));

    [Theory]
    [InlineData("[LoggerMessage(1101, LogLevel.Error, \"a\")] partial void A(); [LoggerMessage(1101, LogLevel.Error, \"b\")] partial void B();", "stands for two")]
    [InlineData("[LoggerMessage(1101, LogLevel.Error, \"a\")] partial void A(); [LoggerMessage(EventId = 1201)] partial void B();", "hundred of its slice")]
    [InlineData("[LoggerMessage(LogLevel.Error, \"a\")] partial void A();", "has no event number")]
    [InlineData("[LoggerMessage(201, LogLevel.Error, \"a\")] partial void A();", "belongs to src/Engine/Other")]
    public void A_wrong_number_is_found(string members, string rule)
    {
        var other = new SourceFile("src/Engine/Other/OtherLog.cs", "class L { [LoggerMessage(200, LogLevel.Error, \"o\")] partial void O(); }");
        var violations = Check([other, new SourceFile("src/Engine/Tasks/TaskLog.cs", $"class L {{ {members} }}")]);

        Assert.Contains(rule, Assert.Single(violations).Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_of_one_slice_share_its_hundred() => Assert.Empty(Check(
    [
        new SourceFile("src/Engine/Tasks/TaskLog.cs", "class L { [LoggerMessage(1101, LogLevel.Error, \"a\")] partial void A(); }"),
        new SourceFile("src/Engine/Tasks/Claims/ClaimLog.cs", "class L { [LoggerMessage(1150, LogLevel.Error, \"a\")] partial void A(); }"),
    ]));

    [Fact]
    public void A_log_method_outside_a_log_file_is_found()
    {
        var file = new SourceFile("src/Engine/Tasks/ClaimTask.cs", "class C { [LoggerMessage(1101, LogLevel.Error, \"a\")] partial void A(); }");

        Assert.Contains("…Log.cs", Assert.Single(Check([file])).Rule, StringComparison.Ordinal);
    }

    static IEnumerable<Violation> Check(IEnumerable<SourceFile> files)
    {
        var seen = new Dictionary<int, SourceFile>();
        var owners = new Dictionary<int, string>();
        var hundreds = new Dictionary<string, int>();
        foreach (var file in files)
            foreach (var attribute in file.Nodes<AttributeSyntax>().Where(a => a.Name.ToString() is "LoggerMessage" or "LoggerMessageAttribute"))
            {
                var slice = string.Join('/', file.Path.Split('/')[..^1].Take(3)); // src/Engine/Tasks, whatever lies below it
                if (!file.Path.EndsWith("Log.cs", StringComparison.Ordinal)) yield return file.At(attribute, "log methods stand in the folder's …Log.cs");
                if (EventId(attribute) is not { } id)
                {
                    yield return file.At(attribute, "the log method has no event number that can be read here");
                    continue;
                }
                if (!seen.TryAdd(id, file))
                {
                    yield return file.At(attribute, $"event {id} stands for two events, the other is in {seen[id].Path}");
                    continue;
                }
                var hundred = id / 100;
                if (hundreds.GetValueOrDefault(slice, hundred) != hundred)
                    yield return file.At(attribute, $"event {id} is not in the hundred of its slice, {hundreds[slice]}00–{hundreds[slice]}99");
                else if (owners.GetValueOrDefault(hundred, slice) != slice)
                    yield return file.At(attribute, $"event {id}: the hundred belongs to {owners[hundred]}");
                hundreds.TryAdd(slice, hundred);
                owners.TryAdd(hundred, slice);
            }
    }

    static int? EventId(AttributeSyntax attribute)
    {
        var arguments = attribute.ArgumentList?.Arguments ?? default;
        var named = arguments.FirstOrDefault(a => (a.NameEquals?.Name ?? a.NameColon?.Name)?.ToString() is "EventId" or "eventId");
        var chosen = named ?? arguments.FirstOrDefault(a => a.NameEquals is null && a.NameColon is null);
        return (chosen?.Expression as LiteralExpressionSyntax)?.Token.Value as int?;
    }
}
