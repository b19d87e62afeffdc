// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {StatementReader} from "./StatementReader.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title The nodes of the network: what each has at stake and where its earnings go. Its address anchors the domain of
/// every signed statement.
/// @notice The owner does one thing, naming the contracts that may lock and slash stakes, and gives ownership up at
/// deployment.
contract NodeRegistry is StatementReader, Ownable, ReentrancyGuardTransient {
    using SafeERC20 for TilthToken;

    /// @param locked part of what is staked: it answers for something that is open, and cannot begin to leave
    struct Bond {
        uint256 staked;
        uint256 locked;
        uint256 unbonding;
        uint64 availableAt;
    }

    /// @notice The part of a penalty that goes to whoever shows the fault, one in so many; the rest is burnt. It pays
    /// for looking and is too little to be worth a fault of one's own: who reports itself under another name loses the
    /// other nine.
    uint256 public constant FINDERS_PART = 10;

    TilthToken public immutable token;
    /// @notice Seconds between asking for stake back and getting it: evidence must be able to arrive in time, so it
    /// outlasts every window in which something can be shown. The contracts that have such windows refuse to be
    /// deployed otherwise.
    uint64 public immutable unbondDelay;
    /// @notice What whoever proposes epochs or votes must have staked.
    uint256 public immutable minStake;

    mapping(address node => Bond) private _bonds;
    mapping(address node => address) private _payouts;
    mapping(address account => bool) public maySlash;

    /// @notice Scorers that a pool may have.
    uint256 public constant MAX_SEATS = 64;
    mapping(bytes32 pool => address[]) private _seats;
    /// @notice Its place among a pool's scorers, from 1.
    mapping(bytes32 pool => mapping(address scorer => uint256)) public seatOf;
    /// @notice The block in which a scorer took the seat that it has, or had last.
    mapping(bytes32 pool => mapping(address scorer => uint256)) public seatedIn;
    /// @notice In how many pools a scorer has a seat: one lock on its stake answers for all.
    mapping(address scorer => uint256) public seatsOf;

    event SlasherAuthorised(address indexed slasher);
    event PayoutSet(address indexed node, address payout);
    event Staked(address indexed node, uint256 amount);
    event UnbondRequested(address indexed node, uint256 amount, uint64 availableAt);
    event Withdrawn(address indexed node, uint256 amount);
    event Slashed(address indexed node, uint256 amount, address indexed reporter, uint256 reward);

    event ScorerSeated(bytes32 indexed pool, address indexed scorer);
    event ScorerUnseated(bytes32 indexed pool, address indexed scorer);

    error AlreadySeated();
    error NotSeated();
    error NoSeat();
    error ZeroAddress();
    error ZeroAmount();
    error NotEnoughStake(uint256 staked);
    error StillBonded(uint64 availableAt);
    error NotASlasher(address caller);

    modifier onlySlasher() {
        if (!maySlash[msg.sender]) revert NotASlasher(msg.sender);
        _;
    }

    constructor(TilthToken token_, uint64 unbondDelay_, uint256 minStake_)
        StatementReader(address(this))
        Ownable(msg.sender)
    {
        token = token_;
        unbondDelay = unbondDelay_;
        minStake = minStake_;
    }

    /// @notice The EIP-712 domain of every statement of this network.
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    function authorise(address slasher) external onlyOwner {
        maySlash[slasher] = true;
        emit SlasherAuthorised(slasher);
    }

    /// @notice Where a node's earnings go. A node's key is hot; what it earns need not stay with it.
    function payoutOf(address node) public view returns (address) {
        address payout = _payouts[node];
        return payout == address(0) ? node : payout;
    }

    function setPayout(address payout) external {
        if (payout == address(0)) revert ZeroAddress();
        _payouts[msg.sender] = payout;
        emit PayoutSet(msg.sender, payout);
    }

    /// @notice What counts as a node's stake: not what is on its way out, though that can still be slashed.
    function stakeOf(address node) external view returns (uint256) {
        return _bonds[node].staked;
    }

    /// @notice What of a node's stake answers for something that is open.
    function lockedOf(address node) external view returns (uint256) {
        return _bonds[node].locked;
    }

    function unbondingOf(address node) external view returns (uint256 amount, uint64 availableAt) {
        Bond storage bond = _bonds[node];
        return (bond.unbonding, bond.availableAt);
    }

    function stake(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _bonds[msg.sender].staked += amount;
        emit Staked(msg.sender, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Asking again before the delay is over starts it anew for the whole: one date, no queue.
    function requestUnbond(uint256 amount) external {
        Bond storage bond = _bonds[msg.sender];
        if (amount == 0) revert ZeroAmount();
        if (amount > bond.staked - bond.locked) revert NotEnoughStake(bond.staked - bond.locked);
        bond.staked -= amount;
        bond.unbonding += amount;
        bond.availableAt = uint64(block.timestamp) + unbondDelay;
        emit UnbondRequested(msg.sender, amount, bond.availableAt);
    }

    function withdraw() external nonReentrant {
        Bond storage bond = _bonds[msg.sender];
        uint256 amount = bond.unbonding;
        if (amount == 0) revert ZeroAmount();
        if (block.timestamp < bond.availableAt) revert StillBonded(bond.availableAt);
        bond.unbonding = 0;
        bond.availableAt = 0;
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice Holds a part of a node's stake that no other lock holds, for as long as it answers for something.
    function lock(address node, uint256 amount) external onlySlasher {
        _lock(node, amount);
    }

    function unlock(address node, uint256 amount) external onlySlasher {
        _unlock(node, amount);
    }

    /// @notice Takes a seat among a pool's scorers. One lock on the stake answers for all seats.
    function join(bytes32 pool) external {
        if (seatOf[pool][msg.sender] != 0) revert AlreadySeated();
        if (_seats[pool].length >= MAX_SEATS) revert NoSeat();
        _seats[pool].push(msg.sender);
        seatOf[pool][msg.sender] = _seats[pool].length;
        seatedIn[pool][msg.sender] = block.number;
        emit ScorerSeated(pool, msg.sender);
        if (++seatsOf[msg.sender] == 1) _lock(msg.sender, minStake);
    }

    /// @notice Gives a seat up. Who was drawn for an epoch answers for it all the same: stake that leaves can be
    /// slashed.
    function giveUp(bytes32 pool) external {
        if (seatOf[pool][msg.sender] == 0) revert NotSeated();
        _unseat(pool, msg.sender);
    }

    /// @notice Takes a scorer's seat from it, if it has one still.
    function unseat(bytes32 pool, address scorer) external onlySlasher {
        if (seatOf[pool][scorer] != 0) _unseat(pool, scorer);
    }

    function scorersOf(bytes32 pool) external view returns (address[] memory) {
        return _seats[pool];
    }

    /// @notice Whom a seed draws of a pool's scorers: those with the least stake whose accounts have the lowest hashes
    /// under it. Who took its seat after the block `until`, when the seed was nobody's to know yet, is not drawn. So
    /// seats can be given up once it is known, which draws others, but nobody is pushed out by seats that are taken.
    function drawn(bytes32 pool, bytes32 seed, uint256 until, uint256 most, address except)
        external
        view
        returns (address[] memory panel)
    {
        address[] storage seats = _seats[pool];
        (panel, most) = (new address[](most), 0);
        uint256[] memory lots = new uint256[](panel.length);
        for (uint256 i = 0; i < seats.length; i++) {
            address one = seats[i];
            if (one == except || seatedIn[pool][one] > until || _bonds[one].staked < minStake) continue;
            uint256 lot = uint256(keccak256(abi.encode(seed, one)));
            uint256 place = most < panel.length ? most++ : panel.length;
            for (; place > 0 && lots[place - 1] > lot; place--) {
                if (place < panel.length) (lots[place], panel[place]) = (lots[place - 1], panel[place - 1]);
            }
            if (place < panel.length) (lots[place], panel[place]) = (lot, one);
        }
        assembly ("memory-safe") {
            mstore(panel, most)
        }
    }

    /// @notice Takes what a node has bonded, up to an amount, also what is locked or on its way out. A node without any
    /// loses nothing here; what it did is for its caller to remember.
    /// @return taken what was taken
    function slash(address node, uint256 amount, address reporter)
        external
        nonReentrant
        onlySlasher
        returns (uint256 taken)
    {
        Bond storage bond = _bonds[node];
        taken = Math.min(amount, bond.staked + bond.unbonding);
        if (taken == 0) return 0;
        uint256 fromStake = Math.min(taken, bond.staked);
        bond.staked -= fromStake;
        bond.unbonding -= taken - fromStake;
        bond.locked = Math.min(bond.locked, bond.staked);
        uint256 reward = rewardOf(node, reporter, taken);
        emit Slashed(node, taken, reporter, reward);
        if (reward > 0) token.safeTransfer(payoutOf(reporter), reward);
        token.burn(taken - reward);
    }

    /// @notice What of a penalty goes to whoever showed the fault: nothing if that is the culprit itself, or pays it.
    /// Where the culprit's own earnings go says nothing of who has shown it: it could name whoever is about to.
    function rewardOf(address culprit, address reporter, uint256 penalty) public view returns (uint256) {
        bool itself = reporter == culprit || payoutOf(reporter) == culprit;
        return reporter == address(0) || itself ? 0 : penalty / FINDERS_PART;
    }

    function _lock(address node, uint256 amount) private {
        Bond storage bond = _bonds[node];
        if (amount > bond.staked - bond.locked) revert NotEnoughStake(bond.staked - bond.locked);
        bond.locked += amount;
    }

    /// @dev A slashed node may have less locked than it was asked to lock.
    function _unlock(address node, uint256 amount) private {
        Bond storage bond = _bonds[node];
        bond.locked -= Math.min(bond.locked, amount);
    }

    function _unseat(bytes32 pool, address scorer) private {
        address[] storage seats = _seats[pool];
        (uint256 seat, address last) = (seatOf[pool][scorer], seats[seats.length - 1]);
        (seats[seat - 1], seatOf[pool][last]) = (last, seat);
        seats.pop();
        seatOf[pool][scorer] = 0;
        emit ScorerUnseated(pool, scorer);
        if (--seatsOf[scorer] == 0) _unlock(scorer, minStake);
    }
}
