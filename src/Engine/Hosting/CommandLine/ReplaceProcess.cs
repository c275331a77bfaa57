using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Engine.Hosting.CommandLine;

/// <summary>Turns this process into another program: terminal, signals and exit code are that program's own from then on.</summary>
static class ReplaceProcess
{
    const int BrokenPipe = 13;

    /// <param name="program">The program's full path.</param>
    /// <param name="arguments">With the program's name first.</param>
    /// <exception cref="CommandException">The program cannot be run. There is no return otherwise.</exception>
    public static void With(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        _ = signal(BrokenPipe, 0); // .NET ignores it, which the program would inherit; its pager counts on it
        _ = execve(Marshal.StringToCoTaskMemUTF8(program), Texts(arguments), Texts(environment.Select(e => $"{e.Key}={e.Value}")));
        throw new CommandException(ExitCode.Failed, $"{program} cannot be run: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.",
            "see that this user may execute it.");
    }

    // Not freed: this memory goes with the process.
    static nint[] Texts(IEnumerable<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

#pragma warning disable SYSLIB1054, IDE1006 // the generated form needs unsafe code; the names are C's
    [DllImport("libc", SetLastError = true)]
    static extern int execve(nint path, nint[] arguments, nint[] environment);

    [DllImport("libc")]
    static extern nint signal(int number, nint handler);
#pragma warning restore SYSLIB1054, IDE1006
}
