// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Juries: a contribution that its roster has decided is decided once more, by more people, drawn by chance.
/// @notice Whoever holds a decision for wrong shows it with the votes that made it, and puts a deposit down. Who could
/// sit on the jury is written down with that, so that who takes or gives up a seat later moves nothing; the hash of a
/// block some blocks later draws of them. Nobody sits who voted on it, could have, hosts the Datanet, wrote the
/// contribution or challenges it. Each juror commits to a signed vote, then shows it, and counts for one. More than two
/// thirds of the jury overturn or confirm, for good; with fewer the first decision stands, for good.
///
/// The deposit goes back where the outcome is another, or where the jury did not come. Else it is burnt: jurors that
/// were paid by it would gain by what they decide. Jurors that show no vote lose a part of their stake and their seat.
contract Juries is StatementReader, ReentrancyGuardTransient {
    using SafeERC20 for TilthToken;
    using Statements for Statements.Vote;

    /// @param commit seconds for jurors to fetch, check and commit
    /// @param reveal seconds to show what was committed
    /// @param drawBlocks blocks between a challenge and the one whose hash draws
    struct Windows {
        uint64 commit;
        uint64 reveal;
        uint64 drawBlocks;
    }

    /// @notice A validator's vote in what the roster decided, in the order of the accounts.
    struct Ballot {
        address validator;
        bool accept;
        bytes32 outcome;
        bytes32 salt;
        bytes signature;
    }

    /// @param accepted with `outcome`: what the roster has decided
    /// @param candidates hash of the accounts of which the jury is drawn
    /// @param decided with `verdict`: what more than two thirds of the jury say, once they do
    struct Trial {
        bytes32 datanet;
        address challenger;
        uint64 drawFrom;
        bool accepted;
        bool closed;
        Decided decided;
        uint8 size;
        uint8 committed;
        uint8 shown;
        uint64 commitEnds;
        uint64 revealEnds;
        bytes32 outcome;
        bytes32 verdict;
        bytes32 candidates;
        uint256 deposit;
        address[] jury;
    }

    enum Decided {
        Nothing,
        Rejected,
        Accepted
    }

    /// @notice Accounts that may have a seat among the jurors. The seats are no pool's: nobody is drawn from them for
    /// anything else.
    uint256 public constant MAX_SEATS = 128;
    /// @notice How long after its commitment a contribution's decision can be challenged. Showing and voting take two
    /// weeks at most.
    uint64 public constant WINDOW = 30 days;
    /// @notice Jurors at most: twice as many as the roster has seats, and one, but never more than these.
    uint256 public constant MOST_JURORS = 63;
    /// @notice Bytes of a challenger's reason.
    uint256 public constant MAX_REASON = 1_000;
    /// @notice What an absent juror loses: one in so many of the least stake.
    uint256 private constant PENALTY_PART = 10;
    /// @notice The chain knows the hashes of so many blocks.
    uint256 private constant KNOWN_BLOCKS = 256;
    /// @dev Stands in place of a commitment for who has shown its vote, or was absent and has paid for it.
    bytes32 private constant DONE = bytes32(uint256(1));

    NodeRegistry public immutable registry;
    DatanetRegistry public immutable datanets;
    TilthToken public immutable token;
    uint64 public immutable commitWindow;
    uint64 public immutable revealWindow;
    uint64 public immutable drawBlocks;
    uint256 public immutable deposit;

    address[] private _seats;
    /// @notice Its place among the jurors, from 1.
    mapping(address juror => uint256) public seatOf;
    mapping(bytes32 contribution => Trial) private _trials;
    mapping(bytes32 contribution => mapping(address juror => bytes32)) public commitmentOf;
    mapping(bytes32 contribution => mapping(bytes32 verdict => uint256)) private _counts;

    event JurorSeated(address indexed juror);
    event JurorUnseated(address indexed juror);
    /// @notice With what was decided, and who could sit.
    event Challenged(
        bytes32 indexed contribution,
        bytes32 indexed datanet,
        address indexed challenger,
        bool accepted,
        bytes32 outcome,
        uint256 deposit,
        uint64 drawFrom,
        uint8 size,
        address[] candidates,
        string reason
    );
    event JuryDrawn(
        bytes32 indexed contribution, bytes32 indexed datanet, address[] jury, uint64 commitEnds, uint64 revealEnds
    );
    /// @notice `revealEnds` is nearer than it was where it was the last one.
    event JurorCommitted(
        bytes32 indexed contribution, address indexed juror, bytes32 commitment, uint64 commitEnds, uint64 revealEnds
    );
    event JurorVoted(
        bytes32 indexed contribution,
        address indexed juror,
        bool accept,
        bytes32 outcome,
        bytes32 salt,
        bytes signature
    );
    /// @notice `decided` nothing: the first decision stands. It is final in any case.
    event JuryClosed(
        bytes32 indexed contribution,
        bytes32 indexed datanet,
        Decided decided,
        bytes32 outcome,
        uint256 returned,
        uint256 burnt
    );
    /// @notice Nobody drew while the chain knew the block: nothing was decided, and it can be challenged anew.
    event ChallengeLapsed(
        bytes32 indexed contribution, bytes32 indexed datanet, address indexed challenger, uint256 burnt
    );
    event JurorAbsent(bytes32 indexed contribution, address indexed juror, uint256 taken);

    error UnbondingTooShort(uint64 unbondDelay);
    error AlreadySeated();
    error NotSeated();
    error NoSeat();
    error UnknownContribution(bytes32 contribution);
    error AlreadyChallenged(bytes32 contribution);
    error WindowOver(uint64 until);
    error ReasonTooLong(uint256 length);
    error NotTheDecision();
    error TooFewJurors(uint256 candidates, uint256 wanted);
    error NotChallenged(bytes32 contribution);
    error AlreadyDrawn();
    error NoDrawNow(uint64 drawFrom);
    error OtherCandidates();
    error NotDrawn();
    error NotAJuror(address account);
    error AlreadyCommitted();
    error CommitOver(uint64 commitEnds);
    error CommitOpen(uint64 commitEnds);
    error RevealOver(uint64 revealEnds);
    error RevealOpen(uint64 revealEnds);
    error NotWhatWasCommitted();
    error NotAbsent(address juror);

    constructor(NodeRegistry registry_, DatanetRegistry datanets_, Windows memory windows, uint256 deposit_)
        StatementReader(address(registry_))
    {
        // Who is absent can be shown to be for a day after the last vote.
        if (registry_.unbondDelay() <= windows.commit + windows.reveal) {
            revert UnbondingTooShort(registry_.unbondDelay());
        }
        registry = registry_;
        datanets = datanets_;
        token = registry_.token();
        commitWindow = windows.commit;
        revealWindow = windows.reveal;
        drawBlocks = windows.drawBlocks;
        deposit = deposit_;
    }

    /// @notice Takes a seat among the jurors. The least stake is locked for it.
    function join() external {
        if (seatOf[msg.sender] != 0) revert AlreadySeated();
        if (_seats.length >= MAX_SEATS) revert NoSeat();
        _seats.push(msg.sender);
        seatOf[msg.sender] = _seats.length;
        emit JurorSeated(msg.sender);
        registry.lock(msg.sender, registry.minStake());
    }

    /// @notice Gives a seat up. Who was drawn is asked all the same, and stake that leaves can be slashed.
    function giveUp() external {
        if (seatOf[msg.sender] == 0) revert NotSeated();
        _unseat(msg.sender);
    }

    /// @notice Challenges what a roster has decided on a contribution, shown by the votes that decided it.
    function challenge(
        bytes32 contribution,
        bool accepted,
        bytes32 outcome,
        Ballot[] calldata ballots,
        string calldata reason
    ) external nonReentrant {
        Trial storage trial = _trials[contribution];
        if (trial.challenger != address(0)) revert AlreadyChallenged(contribution);
        if (bytes(reason).length > MAX_REASON) revert ReasonTooLong(bytes(reason).length);
        DatanetRegistry.Contribution memory made = datanets.contributionOf(contribution);
        if (made.index == 0) revert UnknownContribution(contribution);
        uint64 until = uint64(made.committedAt) + WINDOW;
        if (block.timestamp > until) revert WindowOver(until);
        if (!_isDecision(contribution, made, accepted, outcome, ballots)) revert NotTheDecision();
        (trial.accepted, trial.outcome) = (accepted, outcome);
        _begin(contribution, made, trial, reason);
        token.safeTransferFrom(msg.sender, address(this), deposit);
    }

    /// @notice Draws the jury of those who were written down. Anyone may; jurors do.
    function draw(bytes32 contribution, address[] memory candidates) external {
        Trial storage trial = _open(contribution);
        if (trial.jury.length > 0) revert AlreadyDrawn();
        bytes32 chance = blockhash(trial.drawFrom);
        if (chance == 0) revert NoDrawNow(trial.drawFrom);
        if (keccak256(abi.encode(candidates)) != trial.candidates) revert OtherCandidates();
        bytes32 seed = keccak256(abi.encode(chance, contribution));
        for (uint256 i = 0; i < trial.size; i++) {
            uint256 pick = i + uint256(keccak256(abi.encode(seed, i))) % (candidates.length - i);
            (candidates[i], candidates[pick]) = (candidates[pick], candidates[i]);
            trial.jury.push(candidates[i]);
        }
        trial.commitEnds = uint64(block.timestamp) + commitWindow;
        trial.revealEnds = trial.commitEnds + revealWindow;
        emit JuryDrawn(contribution, trial.datanet, trial.jury, trial.commitEnds, trial.revealEnds);
    }

    /// @notice Nobody drew in time: the deposit is burnt, so that waiting for a better block costs more than a draw is
    /// worth.
    function lapse(bytes32 contribution) external nonReentrant {
        Trial storage trial = _open(contribution);
        if (trial.jury.length > 0) revert AlreadyDrawn();
        if (block.number <= trial.drawFrom + KNOWN_BLOCKS) revert NoDrawNow(trial.drawFrom);
        (bytes32 datanet, address challenger, uint256 burnt) = (trial.datanet, trial.challenger, trial.deposit);
        delete _trials[contribution];
        emit ChallengeLapsed(contribution, datanet, challenger, burnt);
        if (burnt > 0) token.burn(burnt);
    }

    /// @notice A juror commits to its vote: the digest of the statement that it will show. Once all have, there is
    /// nothing to wait for.
    function commit(bytes32 contribution, bytes32 commitment) external {
        Trial storage trial = _open(contribution);
        if (!_isJuror(trial, msg.sender)) revert NotAJuror(msg.sender);
        if (block.timestamp >= trial.commitEnds) revert CommitOver(trial.commitEnds);
        if (commitmentOf[contribution][msg.sender] != 0) revert AlreadyCommitted();
        commitmentOf[contribution][msg.sender] =
            uint256(commitment) > 1 ? commitment : keccak256(abi.encode(commitment));
        if (++trial.committed == trial.jury.length) {
            trial.commitEnds = uint64(block.timestamp);
            trial.revealEnds = trial.commitEnds + revealWindow;
        }
        emit JurorCommitted(contribution, msg.sender, commitment, trial.commitEnds, trial.revealEnds);
    }

    /// @notice A juror's vote is shown, with its signature, so that it stands in a certificate wherever one is wanted.
    /// Anyone may bring it.
    function reveal(Statements.Vote calldata vote, bytes calldata signature) external {
        bytes32 contribution = vote.contribution;
        Trial storage trial = _open(contribution);
        if (trial.jury.length == 0) revert NotDrawn();
        if (block.timestamp < trial.commitEnds) revert CommitOpen(trial.commitEnds);
        if (block.timestamp >= trial.revealEnds) revert RevealOver(trial.revealEnds);
        bytes32 said = _digest(vote.hash());
        if (commitmentOf[contribution][vote.validator] != said) revert NotWhatWasCommitted();
        _requireSigned(said, signature, vote.validator);
        commitmentOf[contribution][vote.validator] = DONE;
        trial.shown++;
        emit JurorVoted(contribution, vote.validator, vote.accept, vote.outcome, vote.salt, signature);
        // Who abstains has shown its vote and counts for neither side.
        if (!vote.accept && vote.outcome == _abstention(contribution)) return;
        bytes32 verdict = vote.accept ? vote.outcome : bytes32(0);
        uint256 count = ++_counts[contribution][keccak256(abi.encode(vote.accept, verdict))];
        if (count * 3 <= trial.jury.length * 2) return;
        (trial.decided, trial.verdict) = (vote.accept ? Decided.Accepted : Decided.Rejected, verdict);
    }

    /// @notice Ends it: what the jury has decided, or what stood before, is final. Anyone may.
    function close(bytes32 contribution) external nonReentrant {
        Trial storage trial = _open(contribution);
        if (trial.jury.length == 0) revert NotDrawn();
        bool all = trial.shown == trial.jury.length;
        if (!all && block.timestamp < trial.revealEnds) revert RevealOpen(trial.revealEnds);
        trial.closed = true;
        bool accepts = trial.decided == Decided.Accepted;
        bool changed = trial.decided != Decided.Nothing
            && (accepts != trial.accepted || (accepts && trial.verdict != trial.outcome));
        bool came = uint256(trial.shown) * 3 > trial.jury.length * 2;
        uint256 held = trial.deposit;
        uint256 returned = changed || !came ? held : 0;
        emit JuryClosed(contribution, trial.datanet, trial.decided, trial.verdict, returned, held - returned);
        if (returned > 0) token.safeTransfer(registry.payoutOf(trial.challenger), returned);
        else if (held > 0) token.burn(held);
    }

    /// @notice A juror that has shown no vote loses a part of its stake, also of what is on its way out, and its seat.
    /// Anyone may say so, and gets the finder's part.
    function penaliseAbsent(bytes32 contribution, address juror) external nonReentrant {
        Trial storage trial = _trials[contribution];
        if (!_isJuror(trial, juror)) revert NotAJuror(juror);
        if (block.timestamp < trial.revealEnds) revert RevealOpen(trial.revealEnds);
        if (commitmentOf[contribution][juror] == DONE) revert NotAbsent(juror);
        commitmentOf[contribution][juror] = DONE;
        if (seatOf[juror] != 0) _unseat(juror);
        uint256 taken = registry.slash(juror, registry.minStake() / PENALTY_PART, msg.sender);
        emit JurorAbsent(contribution, juror, taken);
    }

    function jurors() external view returns (address[] memory) {
        return _seats;
    }

    function trialOf(bytes32 contribution) external view returns (Trial memory) {
        return _trials[contribution];
    }

    /// @notice Who could sit if somebody challenged it now, and how many would.
    function candidatesOf(bytes32 contribution, address challenger)
        external
        view
        returns (address[] memory candidates, uint256 size)
    {
        return _candidates(datanets.contributionOf(contribution), challenger);
    }

    function _begin(
        bytes32 contribution,
        DatanetRegistry.Contribution memory made,
        Trial storage trial,
        string calldata reason
    ) private {
        (address[] memory candidates, uint256 size) = _candidates(made, msg.sender);
        // Before any money moves.
        if (candidates.length < size) revert TooFewJurors(candidates.length, size);
        (trial.datanet, trial.challenger) = (made.datanet, msg.sender);
        (trial.drawFrom, trial.size) = (uint64(block.number) + drawBlocks, uint8(size));
        (trial.candidates, trial.deposit) = (keccak256(abi.encode(candidates)), deposit);
        emit Challenged(
            contribution,
            made.datanet,
            msg.sender,
            trial.accepted,
            trial.outcome,
            deposit,
            trial.drawFrom,
            trial.size,
            candidates,
            reason
        );
    }

    function _candidates(DatanetRegistry.Contribution memory made, address challenger)
        private
        view
        returns (address[] memory candidates, uint256 size)
    {
        (address[] memory seats,) = datanets.membersOf(made.datanet, made.roster);
        size = seats.length * 2 + 1;
        if (size > MOST_JURORS) size = MOST_JURORS;
        (address host,,,,,) = datanets.datanetOf(made.datanet);
        address[] memory all = _seats;
        uint256 least = registry.minStake();
        uint256 count = 0;
        for (uint256 i = 0; i < all.length; i++) {
            address account = all[i];
            if (account == made.contributor || account == challenger || account == host) continue;
            if (registry.stakeOf(account) < least || _isAmong(seats, account)) continue;
            all[count++] = account;
        }
        candidates = new address[](count);
        for (uint256 i = 0; i < count; i++) candidates[i] = all[i];
    }

    /// @dev Whether the roster that was to decide has decided so: as checkCertificate in protocol/data/votes.ts.
    function _isDecision(
        bytes32 contribution,
        DatanetRegistry.Contribution memory made,
        bool accepted,
        bytes32 outcome,
        Ballot[] calldata ballots
    ) private view returns (bool) {
        bytes32 abstention = _abstention(contribution);
        uint256 total = datanets.totalWeightOf(made.datanet, made.roster);
        (uint256 weight, uint256 abstaining, address last) = (0, 0, address(0));
        for (uint256 i = 0; i < ballots.length; i++) {
            if (ballots[i].validator <= last) return false;
            last = ballots[i].validator;
            _requireVote(contribution, ballots[i]);
            uint256 counts = datanets.seatWeightOf(made.datanet, made.roster, last);
            if (!ballots[i].accept && ballots[i].outcome == abstention) abstaining += counts;
            else if (ballots[i].accept != accepted || (accepted && ballots[i].outcome != outcome)) return false;
            else weight += counts;
        }
        if (!accepted) return abstaining == 0 && weight * 3 > total;
        return weight * 3 > (total - abstaining) * 2 && weight * 2 > total;
    }

    function _requireVote(bytes32 contribution, Ballot calldata b) private view {
        bytes32 said = Statements.Vote(contribution, b.validator, b.accept, b.outcome, b.salt).hash();
        _requireSigned(_digest(said), b.signature, b.validator);
    }

    /// @dev The outcome of a vote for neither side: `abstention` in protocol/data/votes.ts.
    function _abstention(bytes32 contribution) private pure returns (bytes32) {
        string memory id = Strings.toHexString(uint256(contribution), 32);
        return keccak256(abi.encodePacked('{"abstains":true,"contribution":"', id, '"}'));
    }

    function _unseat(address juror) private {
        (uint256 seat, address last) = (seatOf[juror], _seats[_seats.length - 1]);
        (_seats[seat - 1], seatOf[last]) = (last, seat);
        _seats.pop();
        seatOf[juror] = 0;
        emit JurorUnseated(juror);
        registry.unlock(juror, registry.minStake());
    }

    function _open(bytes32 contribution) private view returns (Trial storage trial) {
        trial = _trials[contribution];
        if (trial.challenger == address(0) || trial.closed) revert NotChallenged(contribution);
    }

    function _isJuror(Trial storage trial, address account) private view returns (bool) {
        for (uint256 i = 0; i < trial.jury.length; i++) if (trial.jury[i] == account) return true;
        return false;
    }

    function _isAmong(address[] memory accounts, address account) private pure returns (bool) {
        for (uint256 i = 0; i < accounts.length; i++) if (accounts[i] == account) return true;
        return false;
    }
}
