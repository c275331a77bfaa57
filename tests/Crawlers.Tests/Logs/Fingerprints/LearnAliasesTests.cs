using Crawlers.Logs.Fingerprints;

namespace Crawlers.Tests.Logs.Fingerprints;

/// <summary>Words that are values are learned from a run; kinds of events stay apart.</summary>
public sealed class LearnAliasesTests
{
    readonly FingerprintEvent fingerprint = new();

    [Theory]
    [InlineData("session closed for user {0}", "cyrus,news,games")]
    [InlineData("synchronized to {0}, stratum 3", "LOCAL(0),10.0.0.1,clock")]
    [InlineData("failed password for {0} from 10.0.0.1", "root,uucp,backup")]
    [InlineData("removing {0}", "chargen,daytime,echo,ftp,klogin,ntalk,printer,rsync,telnet")]
    [InlineData("interrupt link [LNK{0}] is off", "A,B,C")]
    public void Values_that_are_words_are_one_group(string message, string values) => Assert.Single(Groups(message, values));

    [Theory]
    [InlineData("machine {0} by its owner", "Paused,Resumed,Started,Stopped")]
    [InlineData("task went from NEW to {0}", "RUNNING,DONE,FAILED,KILLED,LOST,PAUSED,STOPPED")]
    [InlineData("{0} startup succeeded now", "cups,kernel,syslog,network,port,irq,blue,apm")]
    [InlineData("cannot {0} the file", "open,close")]
    public void Kinds_of_events_stay_apart(string message, string values) => Assert.Equal(values.Split(',').Length, Groups(message, values).Length);

    [Fact]
    public void What_is_learned_does_not_depend_on_the_order()
    {
        var seen = "cyrus,news,games,root".Split(',').Select(v => fingerprint.Run($"session closed for user {v}")).ToList();

        Assert.Equal(LearnAliases.From(seen).Values.OrderBy(a => a.From), LearnAliases.From(seen.AsEnumerable().Reverse()).Values.OrderBy(a => a.From));
    }

    string[] Groups(string message, string values)
    {
        var seen = values.Split(',').Select(v => fingerprint.Run(string.Format(null, message, v))).ToList();
        var aliases = LearnAliases.From(seen);
        return [.. seen.Select(f => aliases.TryGetValue(f.Key, out var alias) ? alias.To : f.Key).Distinct()];
    }
}
