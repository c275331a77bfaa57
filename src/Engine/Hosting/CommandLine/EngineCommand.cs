using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Engine.Access;
using Engine.Audit;
using Engine.Database;
using Engine.Gateway;
using Engine.Hosting.Doctor;
using Engine.Logs;
using Engine.Schedules;
using Engine.Tasks;
using Engine.Workers;

namespace Engine.Hosting.CommandLine;

/// <summary>The command line of <c>engine</c>: all commands by noun, and what becomes of their failures.</summary>
public static class EngineCommand
{
    public static RootCommand Create(CommandFrame frame)
    {
        var root = new RootCommand("The Autonomy Engine: looks after other software around the clock. Start it with `engine run`.")
        {
            frame.Config,
            RunCommand.Create(frame),
            StatusCommand.Create(frame),
            DoctorCommand.Create(frame),
            TokensCommand.Create(frame),
            TasksCommand.Create(frame),
            WorkersCommand.Create(frame),
            BudgetsCommand.Create(frame),
            AskCommand.Create(frame),
            SpendCommand.Create(frame),
            EngineModeCommands.Pause(frame),
            EngineModeCommands.Resume(frame),
            EngineModeCommands.Stop(frame),
            ModelsCommand.Create(frame),
            ProvidersCommand.Create(frame),
            PoliciesCommand.Create(frame),
            RouteCommand.Create(frame),
            LogsCommand.Create(frame),
            SchedulesCommand.Create(frame),
            AuditCommand.Create(frame),
            ConfigCommand.Create(frame),
            MigrateCommand.Create(frame),
            SqlCommand.Create(frame),
            EmulateCommand.Create(frame),
            CompletionCommand.Create(frame),
            VersionCommand.Create(frame),
        };
        root.HelpName = "engine";
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        var help = new HelpOption("--help", "-h");
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        root.Add(help);
        root.Directives.OfType<SuggestDirective>().Single().Action = new Suggest();
        return root;
    }

    /// <summary>Runs one command line of this process; the first Ctrl-C or termination signal asks it to end, the second to hurry, the third ends it.</summary>
    /// <param name="additions">What <c>engine run</c> registers besides its own slices; null: nothing.</param>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection>? additions = null)
    {
        using var stop = new CancellationTokenSource();
        using var hurry = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            if (hurry.IsCancellationRequested) return;
            signal.Cancel = true;
            (stop.IsCancellationRequested ? hurry : stop).Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        var environment = System.Environment.GetEnvironmentVariables();
        var frame = new CommandFrame(Terminal.OfThisProcess(environment), environment, TimeProvider.System) { Additions = additions, Hurry = hurry.Token };
        return await RunAsync(args, frame, stop.Token);
    }

    /// <returns>The exit code; failures are told on the frame's terminal.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CommandFrame frame, CancellationToken ct)
    {
        var terminal = frame.Terminal;
        if (args is ["help", ..]) args = [.. args.Skip(1), "--help"];
        try
        {
            var parse = Create(frame).Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
            if (parse.Action is ParseErrorAction || (parse.Action is null && parse.Errors.Count > 0)) return (int)Misuse.Tell(parse, terminal);
            return await parse.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Output, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            }, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return (int)ExitCode.Interrupted;
        }
        catch (CommandException e)
        {
            return (int)Tell(terminal, e.Code, e.Message, e.Remedy);
        }
        catch (StartupException e)
        {
            return (int)Tell(terminal, ExitCode.Failed, e.Message, e.Remedy);
        }
        catch (Exception e) // the last stop: what nobody expected ends in a sentence too, not in an abort
        {
            var (message, remedy) = Unexpected.Explain(e, frame.Environment);
            return (int)Tell(terminal, ExitCode.Failed, message, remedy);
        }
    }

    static ExitCode Tell(Terminal terminal, ExitCode code, string message, string? remedy)
    {
        terminal.Note($"engine: {message}");
        if (remedy is not null) terminal.Note($"  Remedy: {remedy}");
        return code;
    }
}
